/* Vectors of the compiler's own kind (GCC and clang): MI_LANES numbers worked on at once, and the
 * few functions of them that the kernels need. On machines without AVX-512 a vector is half as
 * long, so that the register blocks of block_product.c fit.
 *
 * Sums of products are contracted to fused multiply-adds (-ffp-contract=fast, Makefile). */
#ifndef MI_NETS_LANES_H
#define MI_NETS_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "maskinfo/scalar.h"

#ifdef __AVX512F__
#include <immintrin.h>
#define MI_LANE_BYTES 64
#else
#define MI_LANE_BYTES 32
#endif

typedef mi_scalar mi_lanes __attribute__((vector_size(MI_LANE_BYTES)));
typedef mi_scalar mi_half_lanes __attribute__((vector_size(MI_LANE_BYTES / 2)));
typedef mi_scalar mi_quarter_lanes __attribute__((vector_size(MI_LANE_BYTES / 4)));

/* Comparisons give -1 or 0 in each lane. */
#ifdef MI_DOUBLE
typedef int64_t mi_lane_bits __attribute__((vector_size(MI_LANE_BYTES)));
#else
typedef int32_t mi_lane_bits __attribute__((vector_size(MI_LANE_BYTES)));
#endif

enum { MI_LANES = MI_LANE_BYTES / sizeof(mi_scalar) };

/* count rounded up to whole vectors. */
static inline size_t mi_padded(size_t count)
{
    return (count + MI_LANES - 1) / MI_LANES * MI_LANES;
}

static inline mi_lanes mi_load(const mi_scalar *x)
{
    mi_lanes v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline void mi_store(mi_scalar *x, mi_lanes v)
{
    memcpy(x, &v, sizeof v);
}

static inline mi_lanes mi_splat(mi_scalar x)
{
    return x - (mi_lanes){0};
}

/* The first lanes of a vector, for rows that end within it. */
#ifdef __AVX512F__
#ifdef MI_DOUBLE
typedef __mmask8 mi_some;
#define MI_MASKED_LOAD _mm512_mask_loadu_pd
#define MI_MASKED_STORE _mm512_mask_storeu_pd
#else
typedef __mmask16 mi_some;
#define MI_MASKED_LOAD _mm512_mask_loadu_ps
#define MI_MASKED_STORE _mm512_mask_storeu_ps
#endif
#else
typedef size_t mi_some;
#endif

/* The first `left` lanes, or all. */
static inline mi_some mi_first(size_t left)
{
    size_t count = left < MI_LANES ? left : MI_LANES;
#ifdef __AVX512F__
    return (mi_some)((1u << count) - 1);
#else
    return count;
#endif
}

/* `fill` in the other lanes. */
static inline mi_lanes mi_load_some(const mi_scalar *x, mi_some some, mi_scalar fill)
{
    mi_lanes v = mi_splat(fill);
#ifdef __AVX512F__
    return (mi_lanes)MI_MASKED_LOAD(v, some, x);
#else
    if (some == MI_LANES) {
        return mi_load(x);
    }
    memcpy(&v, x, some * sizeof *x);
    return v;
#endif
}

static inline void mi_store_some(mi_scalar *x, mi_lanes v, mi_some some)
{
#ifdef __AVX512F__
    MI_MASKED_STORE(x, some, v);
#else
    if (some == MI_LANES) {
        mi_store(x, v);
    } else {
        memcpy(x, &v, some * sizeof *x);
    }
#endif
}

/* All lanes, or where fewer numbers are left the first `left`, and `fill` in the others. */
static inline mi_lanes mi_load_left(const mi_scalar *x, size_t left, mi_scalar fill)
{
    return left >= MI_LANES ? mi_load(x) : mi_load_some(x, mi_first(left), fill);
}

static inline void mi_store_left(mi_scalar *x, mi_lanes v, size_t left)
{
    if (left >= MI_LANES) {
        mi_store(x, v);
    } else {
        mi_store_some(x, v, mi_first(left));
    }
}

/* The sum of all lanes, always in the same order. */
static inline mi_scalar mi_sum_lanes(mi_lanes v)
{
    mi_half_lanes h[2];
    memcpy(h, &v, sizeof h);
    mi_half_lanes half = h[0] + h[1];
    mi_quarter_lanes q[2];
    memcpy(q, &half, sizeof q);
    mi_quarter_lanes quarter = q[0] + q[1];
    mi_scalar sum = 0;
    for (size_t i = 0; i < MI_LANES / 4; i++) {
        sum += quarter[i];
    }
    return sum;
}

/* a where the condition holds, else b. */
static inline mi_lanes mi_select(mi_lane_bits condition, mi_lanes a, mi_lanes b)
{
    return (mi_lanes)((condition & (mi_lane_bits)a) | (~condition & (mi_lane_bits)b));
}

/* b where one of both is NaN. */
static inline mi_lanes mi_larger(mi_lanes a, mi_lanes b)
{
#if defined(__AVX512F__) && !defined(MI_DOUBLE) /* GCC makes no maximum of the general form */
    return (mi_lanes)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return mi_select(a > b, a, b);
#endif
}

/* Any NaN is lost. */
static inline mi_scalar mi_largest_lane(mi_lanes v)
{
    mi_scalar most = v[0];
    for (size_t i = 1; i < MI_LANES; i++) {
        most = v[i] > most ? v[i] : most;
    }
    return most;
}

#ifdef MI_DOUBLE

static inline mi_lanes mi_exp2_lanes(mi_lanes x)
{
    for (size_t i = 0; i < MI_LANES; i++) {
        x[i] = exp2(x[i]);
    }
    return x;
}

static inline mi_lanes mi_exp_lanes(mi_lanes x)
{
    for (size_t i = 0; i < MI_LANES; i++) {
        x[i] = exp(x[i]);
    }
    return x;
}

/* Q(a) = P(X > a) of a standard normal X for a >= 0, where e = exp(-a^2/2). */
static inline mi_lanes mi_normal_tail_lanes(mi_lanes a, mi_lanes e)
{
    (void)e;
    for (size_t i = 0; i < MI_LANES; i++) {
        a[i] = 0.5 * erfc(a[i] * sqrt(0.5));
    }
    return a;
}

#else

/* 2^whole * 2^part, where `shifted` is whole + 1.5 2^23, whose lowest bits are those of the integer
 * `whole`, and |part| <= 1/2. 2^part = 1 + part p(part) with p of degree 5 and least relative error
 * of the power (2e-9). The product, and not sums of exponents, lets NaN through. */
static inline mi_lanes mi_power_lanes(mi_lanes shifted, mi_lanes part)
{
    mi_lanes p = 1.5353362e-4f * part + 1.3398875e-3f;
    p = p * part + 9.6184369e-3f;
    p = p * part + 5.5503324e-2f;
    p = p * part + 2.4022648e-1f;
    p = p * part + 6.9314718e-1f;
    p = p * part + 1.0f;
    mi_lane_bits power = ((mi_lane_bits)shifted + 127) << 23;
    return p * (mi_lanes)power;
}

/* 2^x, x <= 0, within 1.5 units in the last place; 2^-125 below. */
static inline mi_lanes mi_exp2_lanes(mi_lanes x)
{
    const float shift = 12582912.0f; /* 1.5 2^23 */
    mi_lanes y = mi_larger(mi_splat(-125.0f), x), shifted = y + shift;
    return mi_power_lanes(shifted, y - (shifted - shift));
}

/* exp(x), x <= 0, within 2 units in the last place; 0 below -86.6. log 2 in two parts (Cody and
 * Waite 1980): `whole` times the first, of nine bits, is exact, whether or not the compiler fuses.
 */
static inline mi_lanes mi_exp_lanes(mi_lanes x)
{
    const float shift = 12582912.0f, log2_e = 1.44269504f;
    const float high = 0.693359375f, low = -2.12194440e-4f;
    mi_lanes shifted = x * log2_e + shift;
    mi_lanes whole = shifted - shift;
    mi_lanes part = (x - whole * high) - whole * low;
    mi_lanes power = mi_power_lanes(shifted, part * log2_e);
    return mi_select(x < -86.6f, mi_splat(0), power);
}

/* Q(a) = P(X > a) of a standard normal X for a >= 0, where e = exp(-a^2/2): e t p(t) with t =
 * 1/(1 + 0.35 a) and p of degree 8 and least relative error (3.2e-8), after Hastings 1955
 * (Abramowitz and Stegun 26.2.17). With the rounding of floats the error is below 2e-7. */
static inline mi_lanes mi_normal_tail_lanes(mi_lanes a, mi_lanes e)
{
    mi_lanes t = 1.0f / (1.0f + 0.35f * a);
    mi_lanes p = -0.029145939f * t + 0.14397174f;
    p = p * t - 0.25571436f;
    p = p * t + 0.15917426f;
    p = p * t - 0.023109904f;
    p = p * t + 0.10550803f;
    p = p * t + 0.11983286f;
    p = p * t + 0.13986187f;
    p = p * t + 0.13962141f;
    return p * t * e;
}

#endif

#endif
