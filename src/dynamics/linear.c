/* The linear dynamics near the uniform output: modes, borders, laws. docs/task4.md derives them. */
#include <gsl/gsl_poly.h>
#include <math.h>

#include "maskinfo/dynamics.h"

double mi_dynamics_gain(const mi_dynamics *d)
{
    return d->learning_rate / ((double)d->prototypes * d->student_temperature);
}

double mi_dynamics_learning_rate(const mi_dynamics *d, double gain)
{
    return gain * (double)d->prototypes * d->student_temperature;
}

/* Rates of student, teacher and centre, and the sharpening rho. */
typedef struct rates {
    double gain, a, b, rho; /* gain: G = g/tau_s */
} rates;

static rates rates_of(const mi_dynamics *d, bool discrete)
{
    rates r = {.gain = mi_dynamics_gain(d) / d->student_temperature,
               .a = 1 - d->teacher_momentum,
               .b = 1 - d->center_momentum,
               .rho = d->student_temperature / d->teacher_temperature};
    if (discrete && d->update_before) {
        r.rho *= d->center_momentum; /* t - c = lambda (t - c of the step before) */
    }
    return r;
}

/* w^3 + c[2] w^2 + c[1] w + c[0]. */
static void cubic(const rates *r, bool discrete, double c[3])
{
    double pull = r->a * r->gain * r->rho;
    c[2] = r->gain + r->a + r->b - (discrete ? pull : 0);
    c[1] = r->gain * (r->a + r->b) + r->a * r->b - pull;
    c[0] = r->gain * r->a * r->b;
}

/* The mode of a root w of the polynomial: exp(w t), or (1+w)^t in discrete time. */
static mi_mode mode_of(gsl_complex w, bool discrete)
{
    double real = GSL_REAL(w), imaginary = fabs(GSL_IMAG(w));
    if (!discrete) {
        return (mi_mode){real, imaginary};
    }
    return (mi_mode){log(hypot(1 + real, imaginary)), atan2(imaginary, 1 + real)};
}

/* The mode of the `count` roots that grows fastest. */
static mi_mode fastest(const gsl_complex *roots, int count, bool discrete)
{
    mi_mode best = {-INFINITY, 0};
    for (int i = 0; i < count; i++) {
        mi_mode mode = mode_of(roots[i], discrete);
        best = i == 0 || mode.growth > best.growth ? mode : best;
    }
    return best;
}

/* Roots of w^2 + c[1] w + c[0]. */
static mi_mode quadratic_mode(const double c[2], bool discrete)
{
    gsl_complex roots[2];
    int count = gsl_poly_complex_solve_quadratic(1, c[1], c[0], &roots[0], &roots[1]);
    return fastest(roots, count, discrete);
}

mi_mode mi_constant_mode(const mi_dynamics *d, bool discrete)
{
    rates r = rates_of(d, discrete);
    double c[3];
    gsl_complex roots[3];
    cubic(&r, discrete, c);
    if (r.a == 0) { /* (w + G)(w + b) w: the teacher stays */
        return quadratic_mode((double[]){r.gain * r.b, r.gain + r.b}, discrete);
    }
    if (r.b == 0) { /* the centre stays */
        return quadratic_mode(c + 1, discrete);
    }
    int count = gsl_poly_complex_solve_cubic(c[2], c[1], c[0], &roots[0], &roots[1], &roots[2]);
    return fastest(roots, count, discrete);
}

mi_mode mi_feature_mode(const mi_dynamics *d, bool discrete)
{
    rates r = rates_of(d, false);
    r.gain *= (1 - d->similarity) / (1 + ((double)d->inputs - 1) * d->similarity);
    double pull = r.a * r.gain * r.rho;
    double c[2] = {r.a * r.gain - pull, r.gain + r.a - (discrete ? pull : 0)};
    if (r.a == 0) {
        return mode_of((gsl_complex){{-r.gain, 0}}, discrete);
    }
    return quadratic_mode(c, discrete);
}

/* Routh and Hurwitz; a0 = 0 is a neutral root of what never moves, to be divided out. */
static bool stable_continuous(const rates *r)
{
    double c[3];
    cubic(r, false, c);
    return c[0] == 0 ? c[1] >= 0 : c[1] > 0 && c[2] * c[1] > c[0];
}

/* The polynomial 8 times over which the gain decides: c[0] + c[1] G + c[2] G^2 > 0. */
static void gain_polynomial(const rates *r, double c[3])
{
    double both = r->a * r->b, moved = r->a + r->b - both; /* 1 - m lambda */
    double excess = r->a + r->b - r->a * r->rho;
    c[0] = both * moved;
    c[1] = moved * (excess - 2 * both);
    c[2] = (1 - r->a) * (1 - r->b) * (excess - both);
}

static bool stable_discrete(const rates *r)
{
    double c[3], excess = r->a + r->b - r->a * r->rho;
    bool overshoots = !(2 * (2 - r->a) * (2 - r->b) >
                        r->gain * (4 * (1 - r->a - r->b) + 2 * excess + r->a * r->b));
    gain_polynomial(r, c);
    if (overshoots) {
        return false;
    }
    if (r->a == 0 || r->b == 0) { /* w (w^2 + c2 w + c1): c1 >= 0, and a product of z below 1 */
        double k[3];
        cubic(r, true, k);
        return k[1] >= 0 && k[1] <= k[2];
    }
    return c[0] + r->gain * (c[1] + r->gain * c[2]) > 0;
}

bool mi_constant_stable(const mi_dynamics *d, bool discrete)
{
    rates r = rates_of(d, discrete);
    return discrete ? stable_discrete(&r) : stable_continuous(&r);
}

double mi_center_border(const mi_dynamics *d, bool discrete)
{
    mi_dynamics at = *d;
    double low = 0, high = 1;
    at.center_momentum = 1;
    if (mi_constant_stable(&at, discrete)) {
        return 1;
    }
    at.center_momentum = 0;
    if (!mi_constant_stable(&at, discrete)) {
        return NAN;
    }
    while (high - low > 1e-13) {
        at.center_momentum = 0.5 * (low + high);
        if (mi_constant_stable(&at, discrete)) {
            low = at.center_momentum;
        } else {
            high = at.center_momentum;
        }
    }
    return low;
}

double mi_center_law(const mi_dynamics *d, bool discrete)
{
    double m = d->teacher_momentum, a = 1 - m;
    double rho = d->student_temperature / d->teacher_temperature;
    if (!discrete) {
        return 1 - a * (rho - 1);
    }
    if (d->update_before) {
        return 1 / (m + a * rho);
    }
    return m > 0 ? (1 - a * rho) / m : rho > 1 ? -INFINITY : 1;
}

double mi_critical_gain(const mi_dynamics *d)
{
    rates r = rates_of(d, true);
    double c[3], low = 0, high = 0;
    gain_polynomial(&r, c);
    if (r.a == 0 || r.rho <= 1) {
        return INFINITY;
    }
    if (r.b == 0) {
        return 0;
    }
    int count = gsl_poly_solve_quadratic(c[2], c[1], c[0], &low, &high);
    double first = count > 0 && low > 0 ? low : count > 1 && high > 0 ? high : INFINITY;
    return first * d->student_temperature;
}
