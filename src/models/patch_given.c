#include "patch_given.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "whiten.h"

mi_code mi_given_room_create(const mi_patch_fit *fit, size_t block, size_t crops,
                             mi_given_room **ret_room, mi_status *status)
{
    mi_given_room *room = NULL;
    size_t most = GSL_MIN((MI_MAX_NEIGHBORS + 1) * block, fit->dimension);
    mi_code code = mi_allocate(1, sizeof *room, &room, status);
    if (code == MI_OK) {
        room->crops = crops;
        code = mi_allocate(most * most, sizeof *room->factor, &room->factor, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(most * crops, sizeof *room->panel, &room->panel, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(most, sizeof *room->unit, &room->unit, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(4 * fit->scales->count, sizeof *room->terms, &room->terms, status);
    }
    if (code != MI_OK) {
        mi_given_room_destroy(room);
        return code;
    }
    *ret_room = room;
    return MI_OK;
}

void mi_given_room_destroy(mi_given_room *room)
{
    if (room != NULL) {
        free(room->factor);
        free(room->panel);
        free(room->unit);
        free(room->terms);
        free(room);
    }
}

/* The rows of some sites: panel is (count * block, crops). */
static void gather_rows(const double *centred, size_t dimension, const size_t *sites, size_t count,
                        size_t block, size_t crops, double *panel)
{
    for (size_t c = 0; c < crops; c++) {
        for (size_t k = 0; k < count; k++) {
            memcpy(panel + (c * count + k) * block, centred + c * dimension + sites[k] * block,
                   block * sizeof *panel);
        }
    }
}

static double sum_crops(const mi_patch_fit *fit, size_t before, size_t block, size_t count,
                        const mi_given_room *room)
{
    const double *terms = room->terms, *all = terms + 2 * fit->scales->count;
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        const double *y = room->panel + c * (before + block);
        mi_norm norm = mi_norm_of(y, room->unit, before);
        mi_norm more = mi_norm_of(y + before, room->unit + before, block);
        sum += mi_scales_log_density(fit->scales, terms, norm);
        norm.q += more.q;
        norm.t += more.t;
        sum -= mi_scales_log_density(fit->scales, all, norm);
    }
    return sum;
}

mi_code mi_patch_given(const mi_patch_fit *fit, size_t block, const size_t *sites, size_t known,
                       const double *centred, size_t count, mi_given_room *room, double *ret_sum,
                       mi_status *status)
{
    const mi_scales *scales = fit->scales;
    size_t before = known * block, all = before + block;
    mi_gather_lower(fit->covariance, fit->dimension, sites, known + 1, block, room->factor);
    mi_code code = mi_cholesky(room->factor, all, status);
    if (code != MI_OK) {
        return code;
    }
    double s = mi_whitened_unit(room->factor, all, room->unit);
    mi_scales_terms(scales, before, mi_norm_of(room->unit, room->unit, before).q, room->terms);
    mi_scales_terms(scales, all, s, room->terms + 2 * scales->count);
    gather_rows(centred, fit->dimension, sites, known + 1, block, count, room->panel);
    mi_solve_lower(room->factor, all, room->panel, count);
    double log_root = (double)block * (M_LNPI + M_LN2) / 2;
    for (size_t i = before; i < all; i++) {
        log_root += log(room->factor[i * (all + 1)]);
    }
    *ret_sum = sum_crops(fit, before, block, count, room) + (double)count * log_root;
    return MI_OK;
}

size_t mi_visible_neighbors(const mi_lattice *lattice, const unsigned char *masked, size_t site,
                            size_t *sites)
{
    size_t count = 0;
    for (size_t e = 0; e < lattice->degree[site]; e++) {
        size_t other = lattice->neighbor[site][e];
        if (!masked[other]) {
            sites[count++] = other;
        }
    }
    sites[count] = site;
    return count;
}
