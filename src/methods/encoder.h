/* What the methods share: the parameters of a stack of transformer blocks, and stochastic depth. */
#ifndef MASKINFO_METHODS_ENCODER_H
#define MASKINFO_METHODS_ENCODER_H

#include "maskinfo/method.h"
#include "maskinfo/transformer.h"

/* width, depth, heads, hidden, layer_scale, stochastic_depth. */
extern const mi_parameter mi_encoder_parameters[];
/* The same with LayerScale and stochastic depth by default. */
extern const mi_parameter mi_encoder_regularised_parameters[];

/* From values bound to them; an MLP that is not given is four times as wide as the tokens. */
mi_transformer_config mi_encoder_config(const mi_values *values);

/* mi_transformer_create, with faults at the parameter `name`.heads. */
mi_code mi_encoder_create(const mi_transformer_config *config, const char *name, const char *prefix,
                          mi_tensors *tensors, mi_transformer **ret_transformer, mi_status *status);

/* keep (depth,2,samples of the shard) for mi_transformer_forward: branch b of block l of sample s
 * is dropped with probability rate * l / (depth-1), of a single block with `rate`; kept ones are
 * weighted so that their mean stays (Huang et al. 2016, eq. 4, with the first block always kept).
 * Sample s draws from (seed, MI_PURPOSE_DEPTH, first + s). */
void mi_stochastic_depth(double rate, size_t depth, const mi_examples *batch, const mi_shard *shard,
                         mi_scalar *keep);

/* The same where sample s has the images s*views .. s*views+views-1, which draw one after the other
 * from its stream: keep (depth, 2, views * samples). */
void mi_stochastic_depth_views(double rate, size_t depth, size_t views, const mi_examples *batch,
                               const mi_shard *shard, mi_scalar *keep);

#endif
