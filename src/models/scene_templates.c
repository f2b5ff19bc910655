#include "scene_templates.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* The kernel is cut where it is exp(-reach^2) = 1e-7 of its peak. */
static const double reach = 4;

/* One smoothing along a side: (sites, noise) weights, row-major. */
typedef struct filter {
    size_t sites, noise;
    double *weights;
} filter;

static double kernel(double distance, double smoothness)
{
    if (smoothness == 0) {
        return distance == 0;
    }
    return exp(-distance * distance / (smoothness * smoothness));
}

static mi_code filter_create(size_t sites, double smoothness, bool torus, filter *f,
                             mi_status *status)
{
    size_t margin = torus ? 0 : (size_t)ceil(reach * smoothness);
    *f = (filter){.sites = sites, .noise = sites + 2 * margin};
    mi_code code = mi_allocate(f->sites * f->noise, sizeof *f->weights, &f->weights, status);
    for (size_t i = 0; code == MI_OK && i < sites; i++) {
        for (size_t j = 0; j < f->noise; j++) {
            double distance = fabs((double)j - (double)(i + margin));
            distance = torus ? fmin(distance, (double)sites - distance) : distance;
            f->weights[i * f->noise + j] = kernel(distance, smoothness);
        }
    }
    return code;
}

/* T = A Z B^T of one class. noise is (a->noise, b->noise), half (a->sites, b->noise), smooth
 * (a->sites, b->sites). */
static void draw_smooth(const filter *a, const filter *b, gsl_rng *stream, double *noise,
                        double *half, double *smooth)
{
    int rows = (int)a->sites, columns = (int)b->sites, high = (int)a->noise, wide = (int)b->noise;
    for (size_t i = 0; i < a->noise * b->noise; i++) {
        noise[i] = gsl_ran_gaussian_ziggurat(stream, 1);
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, wide, high, 1, a->weights, high,
                noise, wide, 0, half, wide);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, columns, wide, 1, half, wide,
                b->weights, wide, 0, smooth, columns);
}

static mi_code draw_classes(const mi_template_law *law, const filter *a, const filter *b,
                            double *templates, mi_status *status)
{
    size_t sites = a->sites * b->sites;
    double *block = NULL;
    gsl_rng *stream = NULL;
    mi_code code = mi_allocate(a->noise * b->noise + a->sites * b->noise + sites, sizeof *block,
                               &block, status);
    if (code == MI_OK) {
        code = mi_stream_create(law->seed, MI_PURPOSE_MODEL, 0, &stream, status);
    }
    for (size_t c = 0; code == MI_OK && c < law->classes; c++) {
        double *half = block + a->noise * b->noise, *smooth = half + a->sites * b->noise;
        mi_stream_set(stream, law->seed, MI_PURPOSE_MODEL, c);
        draw_smooth(a, b, stream, block, half, smooth);
        for (size_t i = 0; i < sites; i++) {
            templates[i * law->classes + c] = smooth[i];
        }
    }
    gsl_rng_free(stream);
    free(block);
    return code;
}

/* Take the mean over classes out at each site and scale what is left. */
static void normalize(const mi_template_law *law, double *templates)
{
    size_t classes = law->classes, count = law->rows * law->columns * classes;
    double squares = 0;
    for (size_t i = 0; i < count; i += classes) {
        double mean = 0;
        for (size_t c = 0; c < classes; c++) {
            mean += templates[i + c] / (double)classes;
        }
        for (size_t c = 0; c < classes; c++) {
            templates[i + c] -= mean;
            squares += templates[i + c] * templates[i + c];
        }
    }
    double factor = classes == 1 ? 0 : law->scale / sqrt(squares / (double)count);
    for (size_t i = 0; i < count; i++) {
        templates[i] *= factor;
    }
}

mi_code mi_templates_draw(const mi_template_law *law, double *templates, mi_status *status)
{
    filter rows = {0}, columns = {0};
    mi_code code = filter_create(law->rows, law->smoothness, law->torus, &rows, status);
    if (code == MI_OK) {
        code = filter_create(law->columns, law->smoothness, law->torus, &columns, status);
    }
    if (code == MI_OK) {
        code = draw_classes(law, &rows, &columns, templates, status);
    }
    if (code == MI_OK) {
        normalize(law, templates);
    }
    free(rows.weights);
    free(columns.weights);
    return code;
}
