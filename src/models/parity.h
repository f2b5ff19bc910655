/* The linear rule's state and its exact posterior under one mask. */
#ifndef MASKINFO_MODELS_PARITY_H
#define MASKINFO_MODELS_PARITY_H

#include "maskinfo/model.h"

enum { MI_PARITY_MODULUS_LIMIT = 64 };

/* The first `order` symbols are uniform on 0..q-1; every later one is the sum of the `order` before
 * it, mod q, with probability 1 - noise, and uniform otherwise. Given all but one of a window of
 * order+1 symbols the rule is one-to-one, so every window of `order` symbols is uniform and the
 * sequence is stationary. */
typedef struct mi_parity {
    size_t modulus; /* q */
    size_t order;   /* k */
    size_t length;
    double noise;
    size_t windows;           /* q^k */
    unsigned char *digit_sum; /* (q^k) sum mod q of the base-q digits of an index */
} mi_parity;

/* p(symbol | the sum mod q of the `order` symbols before it). */
double mi_parity_step(const mi_parity *rule, size_t sum, size_t symbol);

/* log p(x) of a whole sequence (length). */
double mi_parity_log_probability(const mi_parity *rule, const size_t *symbols);

/* As in mi_model_class; the state is an mi_parity. A site costs q times q^(masked sites among the
 * `order` before it): visible sites cost nothing. */
mi_code mi_parity_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status);
mi_code mi_parity_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status);
mi_code mi_parity_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_parity_scratch_destroy(void *scratch);

#endif
