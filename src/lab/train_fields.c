/* Fields of the results of training runs, for docs/reference.md. */
#include <stddef.h>

#include "fields.h"

const mi_field_note mi_train_notes[] = {
    {"method, target, parameters",
     "name of the method; what it predicts; how many numbers were trained"},
    {"source",
     "model; discrete; rows, columns, channels of an example; vocabulary; token_rows, "
     "token_columns; mean and deviation that pixels are standardised by (null for symbols)"},
    {"steps[]",
     "means over at most 400 equal stretches of the steps: step (the last of the stretch), loss, "
     "loss_low, loss_high (range within the stretch), rate, gradient_norm (before clipping)"},
    {"final_loss", "mean training loss of the last stretch"},
    {"evaluation",
     "of the trained network on held-out examples under masks as in training: ratio (null: drawn), "
     "loss, floor (the least that is possible on the same examples and masks), gap = loss - floor, "
     "gap_percent of the floor, gap_nats (of the cross-entropy), reference_loss (of a model fitted "
     "to real data, where there is no floor), class_accuracy (classes told from completed images) "
     "and class_accuracy_exact, knn_accuracy, linear_accuracy; X_se is the standard error of X "
     "over examples. Of a method that predicts no values of tokens all but the accuracies are "
     "null, "
     "and so are points, optimum, exact_curve and pictures"},
    {"evaluation.leak, leak_message",
     "the loss lies below the floor by more than 4 errors at some ratio: something is wrong"},
    {"points[]",
     "the same at each ratio of `evaluation.ratios`, and the entropies of a masked site: "
     "conditional_entropy (the network's cross-entropy, a bound), exact_conditional_entropy (of "
     "real data: the fitted model's), exact_conditional_entropy_pooled (of the exact posterior "
     "means under the network's law of errors), information = marginal less conditional entropy, "
     "exact_information, objective = r information, exact_objective"},
    {"loss, floor",
     "mae: squared error of masked pixels over the source's variance, or of normalised pixels; "
     "mlm: cross-entropy of masked symbols in nats"},
    {"optimum",
     "of the network's points: ratio = argmax of the objective, low and high (95 %, bootstrap over "
     "held-out examples: the training itself is not repeated), objective, resolution, edge"},
    {"exact_curve, exact_optimum",
     "of the model: kind exact or held-out (of a density fitted to data), method, points, misfit "
     "(the density does not fit: misfit_message); where a token is several sites, at the ratios of "
     "the evaluation alone"},
    {"pictures", "held-out examples: original, masked (1: hidden), predicted, exact (posterior "
                 "means), surprise "
                 "(-log probability of the true symbol), low and high (range of the originals)"},
    {"probe",
     "knn and linear accuracy on `held_out` examples after `training` ones, from the trained "
     "encoder, the untrained one and the raw pixels"},
    {"probe.patch",
     "the same told from single patches by the linear classifier, from `probe.patches` of them of "
     "each example: linear, linear_se (of the share of examples, the largest that it can be)"},
    {"monitors",
     "what the method tells of each step: names, units, log_prototypes and log_patch_prototypes "
     "(ln K), steps[]: means over the same stretches as in `steps`, by name"},
    {"collapse",
     "verdict (none, uniform, one prototype, dimensional), step since which, message; of the last "
     "window: information = mean_entropy - teacher_entropy with its threshold, feature_deviation, "
     "effective_rank; patch: the same of the patches' outputs; loss_remark: whether the loss lies "
     "within 1 % of ln K"},
    {"maps",
     "held-out examples: original (model's units, low and high), rgb (count, token_rows, "
     "token_columns, 3: the first three principal components of the patches' features over all "
     "examples, between their quantiles 2 % and 98 %), explained (their shares of the variance), "
     "attention (count, heads, token_rows, token_columns: of the class token in the last block)"},
    {"files",
     "weights.safetensors holds the weights that were evaluated; checkpoint.safetensors and "
     "history.safetensors, not listed, what --resume needs"},
    {"timing",
     "seconds in all, training_seconds, steps_per_second, samples_per_second, threads, bytes of "
     "the trainer"},
    {NULL, NULL},
};

const mi_field_note mi_checks_notes[] = {
    {"runs[]", "training results without pictures, with label and group"},
    {"table[]",
     "one row a run: exact_ratio, network_ratio, probe_ratio with _low and _high, or null and "
     "_reason; loss, floor, gap, gap_percent, gap_nats, leak"},
    {"linear_mae", "data (label, size, token, rank, count) and points: ratio, closed (the least "
                   "expected loss of a "
                   "linear masked autoencoder), trained (that of a trained one), initial (before "
                   "its first step), "
                   "gap_percent"},
    {"probe_curve",
     "label; points (ratio, knn, linear, loss, floor, gap); optimum by the linear accuracy, low "
     "and "
     "high: ratios that do not differ from it by 1.96 errors; untrained, raw: baselines; published "
     "(ratio, accuracy) and published_source; rank_correlation of the linear accuracies with the "
     "published ones, rank_correlation_p (two-sided, over all orders up to 10 pairs), pairs; the "
     "same of knn in `knn`"},
    {NULL, NULL},
};

const mi_field_note mi_methods_notes[] = {
    {"view", "methods or collapse: which figure tells of it"},
    {"runs[]", "training results without pictures, with label and seed; all runs with the first "
               "seed, then all with the second ..."},
    {"table[]",
     "one row a run: label, method, target, parameters, seeds (how many); means over the seeds of "
     "final_loss, seconds, bytes, knn, linear, patch_linear, and X_se: of one seed over held-out "
     "examples, of several over these; collapse: the verdict, and in how many of the seeds"},
    {"baselines",
     "raw pixels and the untrained encoder, as the first run with a probe (label) found them; the "
     "same of single patches in patch"},
    {"outcomes[]",
     "one object for each run and seed with monitors: label, seed, verdict, step, message, "
     "loss_remark, information, teacher_entropy, mean_entropy, feature_deviation, effective_rank "
     "of the last window, log_prototypes"},
    {NULL, NULL},
};
