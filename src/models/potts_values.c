/* Parameters of the Potts field and their legal ranges. */
#include <math.h>

#include "potts.h"

enum {
    MAX_SIDE = 1000,
    MAX_SITES = 65536,
    MESSAGES_LIMIT = 1 << 24 /* numbers in all messages: 128 MiB, once shared and once per thread */
};

/* The largest exponent that a weight may have: exp(700) is a double, exp(710) is not. */
static const double exponent_limit = 700;

static const char *const inferences[] = {"auto", "exact", "gibbs", "belief", NULL};

const mi_parameter mi_potts_parameters[] = {
    {.name = "grid",
     .type = MI_GRID,
     .low = 1,
     .high = MAX_SIDE,
     .fallback = "[14, 14]",
     .unit = "sites",
     .help = "rows and columns of the lattice, 2 to 65536 sites in all; free boundary"},
    {.name = "states",
     .type = MI_INTEGER,
     .low = 2,
     .high = MI_POTTS_STATES,
     .fallback = "2",
     .unit = "symbols",
     .help = "number of states q of a site; 2 is the Ising model"},
    {.name = "coupling",
     .type = MI_REAL,
     .low = -80,
     .high = 80,
     .fallback = "0.35",
     .unit = "nats",
     .help = "log of the factor that an edge with equal ends has over one with unequal ends; "
             "negative: neighbours repel. 8 neighbours order at about 0.38 for 2 states, 4 at "
             "log(1 + sqrt(states))"},
    {.name = "neighbors",
     .type = MI_INTEGER,
     .low = 4,
     .high = 8,
     .fallback = "8",
     .unit = "",
     .help = "4: sites that share a side are coupled; 8: also those that share a corner"},
    {.name = "inference",
     .type = MI_CHOICE,
     .fallback = "\"auto\"",
     .choices = inferences,
     .unit = "",
     .help = "posteriors: exact sums over the masked sites, Gibbs sampling, or loopy belief "
             "propagation; auto: exact where the frontier permits, else gibbs"},
    {.name = "sweeps",
     .type = MI_INTEGER,
     .low = 8,
     .high = 1000000,
     .flags = MI_EFFORT,
     .fallback = "400",
     .unit = "sweeps",
     .help = "inference \"gibbs\": sweeps over the masked sites that a posterior averages, after a "
             "quarter as many of burn-in"},
    {.name = NULL},
};

mi_code mi_potts_exact_fits(size_t rows, size_t columns, int neighbors, size_t states,
                            mi_status *status)
{
    size_t frontier = mi_potts_frontier(rows, columns, neighbors);
    double table = pow((double)states, (double)frontier), limit = pow(2, MI_POTTS_WIDTH),
           numbers = table * (double)rows * (double)columns;
    if (table <= limit && numbers <= MESSAGES_LIMIT) {
        return MI_OK;
    }
    return mi_fail_at(status, "grid",
                      "[%zu, %zu] is too wide for exact sums: its frontier of %zu sites has "
                      "%zu^%zu = %.4g states (at most %.0f), its messages take %.4g MiB per thread "
                      "(at most %d MiB); use inference \"gibbs\" or \"belief\", or a narrower grid",
                      rows, columns, frontier, states, frontier, table, limit,
                      numbers * sizeof(double) / 1048576,
                      (int)(MESSAGES_LIMIT / 1048576 * sizeof(double)));
}

static mi_code check_grid(const size_t grid[2], mi_status *status)
{
    size_t rows = grid[0], columns = grid[1];
    if (rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE ||
        rows * columns > MAX_SITES || rows * columns < 2) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu] is too large or too small: [rows, columns], whole numbers in "
                          "[1, %d] with 2 to %d sites in all",
                          rows, columns, MAX_SIDE, MAX_SITES);
    }
    return MI_OK;
}

/* The ratio of two entries of a table over frontier + 1 sites is at most e^(|coupling| times the
 * edges that touch them); that of a heat bath has the edges of one site. */
/* Beyond, exp(-36) - 1 is -1 to the last bit, and a message of belief propagation can be 0. */
static const double belief_limit = 36;

static mi_code check_coupling(const mi_values *values, bool exact, bool approximate,
                              mi_status *status)
{
    const size_t *grid = mi_values_find(values, "grid")->grid;
    int neighbors = (int)mi_integer(values, "neighbors");
    size_t sites = exact ? 1 + mi_potts_frontier(grid[0], grid[1], neighbors) : 1;
    double coupling = mi_real(values, "coupling"), edges = (double)neighbors * (double)sites,
           limit = fmin(exponent_limit / edges, approximate ? belief_limit : 80);
    if (!(fabs(coupling) <= limit)) {
        return mi_fail_at(
            status, "coupling",
            "%g overflows: it must be in [%.4g, %.4g], so that the weight of the %.0f "
            "edges that are weighed at once stays a finite number",
            coupling, -limit, limit, edges);
    }
    return MI_OK;
}

mi_code mi_potts_check(const mi_values *values, mi_status *status)
{
    const size_t *grid = mi_values_find(values, "grid")->grid;
    long long neighbors = mi_integer(values, "neighbors"), states = mi_integer(values, "states");
    if (neighbors != 4 && neighbors != 8) {
        return mi_fail_at(status, "neighbors", "%lld is neither 4 nor 8", neighbors);
    }
    if (states < 2 || states > MI_POTTS_STATES) {
        return mi_fail_at(status, "states", "%lld is not a whole number in [2, %d]", states,
                          MI_POTTS_STATES);
    }
    mi_code code = check_grid(grid, status);
    if (code != MI_OK) {
        return code;
    }
    mi_status why = {.code = MI_OK};
    bool fits =
        mi_potts_exact_fits(grid[0], grid[1], (int)neighbors, (size_t)states, &why) == MI_OK;
    if (!fits && mi_is(values, "inference", "exact")) {
        return mi_fail_at(status, "grid", "%s", why.message);
    }
    bool exact_samples = fits && !mi_is(values, "inference", "gibbs");
    bool approximate =
        !fits || mi_is(values, "inference", "gibbs") || mi_is(values, "inference", "belief");
    return check_coupling(values, exact_samples, approximate, status);
}
