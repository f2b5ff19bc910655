#include "attention.h"

#include <math.h>

#include "maskinfo/layers.h"

size_t mi_attention_space(const mi_attention *attention, size_t length)
{
    (void)attention;
    return 2 * length * length;
}

/* p (length,length) = softmax(q k^T / sqrt(size)) of one head; rows of q and k are `stride` apart.
 */
static void probabilities(size_t length, size_t size, size_t stride, const mi_scalar *q,
                          const mi_scalar *k, mi_scalar *p)
{
    for (size_t i = 0; i < length; i++) {
        for (size_t j = 0; j < length; j++) {
            mi_scalar sum = 0;
            for (size_t t = 0; t < size; t++) {
                sum += q[i * stride + t] * k[j * stride + t];
            }
            p[i * length + j] = sum;
        }
    }
    mi_softmax(length, length, (mi_scalar)sqrt((double)size), p);
}

void mi_attention_forward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          mi_scalar *out, mi_scalar *space)
{
    size_t width = attention->width, size = width / attention->heads, stride = 3 * width;
    for (size_t h = 0; h < attention->heads; h++) {
        const mi_scalar *q = qkv + h * size, *v = q + 2 * width;
        probabilities(length, size, stride, q, q + width, space);
        for (size_t i = 0; i < length; i++) {
            for (size_t t = 0; t < size; t++) {
                mi_scalar sum = 0;
                for (size_t j = 0; j < length; j++) {
                    sum += space[i * length + j] * v[j * stride + t];
                }
                out[i * width + h * size + t] = sum;
            }
        }
    }
}

/* p = softmax(s): ds = p (dp - sum of p dp), divided by the root that divides s. */
static void through_softmax(size_t length, size_t size, const mi_scalar *p, mi_scalar *dp)
{
    mi_scalar root = (mi_scalar)sqrt((double)size);
    for (size_t i = 0; i < length; i++) {
        mi_scalar sum = 0;
        for (size_t j = 0; j < length; j++) {
            sum += p[i * length + j] * dp[i * length + j];
        }
        for (size_t j = 0; j < length; j++) {
            dp[i * length + j] = p[i * length + j] * (dp[i * length + j] - sum) / root;
        }
    }
}

void mi_attention_backward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                           const mi_scalar *dout, mi_scalar *dqkv, mi_scalar *space)
{
    size_t width = attention->width, size = width / attention->heads, stride = 3 * width;
    mi_scalar *p = space, *dp = space + length * length;
    for (size_t h = 0; h < attention->heads; h++) {
        const mi_scalar *q = qkv + h * size, *k = q + width, *v = k + width;
        mi_scalar *dq = dqkv + h * size, *dk = dq + width, *dv = dk + width;
        const mi_scalar *d = dout + h * size;
        probabilities(length, size, stride, q, k, p);
        for (size_t i = 0; i < length; i++) { /* out = p v */
            for (size_t j = 0; j < length; j++) {
                mi_scalar sum = 0;
                for (size_t t = 0; t < size; t++) {
                    sum += d[i * width + t] * v[j * stride + t];
                }
                dp[i * length + j] = sum;
            }
        }
        through_softmax(length, size, p, dp);
        for (size_t i = 0; i < length; i++) { /* s = q k^T, out = p v */
            for (size_t t = 0; t < size; t++) {
                mi_scalar sum_q = 0, sum_k = 0, sum_v = 0;
                for (size_t j = 0; j < length; j++) {
                    sum_q += dp[i * length + j] * k[j * stride + t];
                    sum_k += dp[j * length + i] * q[j * stride + t];
                    sum_v += p[j * length + i] * d[j * width + t];
                }
                dq[i * stride + t] = sum_q;
                dk[i * stride + t] = sum_k;
                dv[i * stride + t] = sum_v;
            }
        }
    }
}

void mi_attention_weights(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          size_t query, mi_scalar *weights)
{
    size_t width = attention->width, size = width / attention->heads, stride = 3 * width;
    for (size_t h = 0; h < attention->heads; h++) {
        const mi_scalar *q = qkv + query * stride + h * size, *k = qkv + width + h * size;
        for (size_t j = 0; j < length; j++) {
            mi_scalar sum = 0;
            for (size_t t = 0; t < size; t++) {
                sum += q[t] * k[j * stride + t];
            }
            weights[h * length + j] = sum;
        }
    }
    mi_softmax(attention->heads, length, (mi_scalar)sqrt((double)size), weights);
}
