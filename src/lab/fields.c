/* Fields of a result, for docs/reference.md. */
#include "fields.h"

#include <stddef.h>

const mi_field_note mi_result_notes[] = {
    {"maskinfo, experiment", "version of the program, kind of experiment"},
    {"title, question", "as in the experiment file; \"\" where it has none"},
    {"config", "every value used, defaults filled in; itself an experiment file"},
    {"units", "nats"},
    {"sites, dimensions, vocabulary", "N (null: infinite), 1 or 2, V (null: continuous)"},
    {"method", "exact, posterior, plugin or ksg: the one used"},
    {"method_remark", "of plugin and ksg: what the standard errors leave out"},
    {"entropy, entropy_se", "h_0, without any context"},
    {"remark", "what the model says of itself (counts, splits, over-fitting)"},
    {"profile, profile_se",
     "h_0 ... h_{N-1}; null where the sequence is infinite, or where the "
     "curve is computed mask by mask (strategies other than random, large fields)"},
    {"points[]", "one object a ratio, below; X_se is the standard error of X"},
    {"fits.exponential",
     "amplitude, rate (lambda), r_squared, aicc, optimal_ratio = min(1, 1/rate), "
     "corner (rate <= 1); rate_se: of the weighted fit, rate_sampling_se: by "
     "jackknife over replicates, misfit: common residual in nats"},
    {"fits.power", "the same with exponent (kappa) and optimal_ratio = 1/(1 + exponent)"},
    {"preferred_fit", "the fit of the smaller AICc"},
    {"optimum",
     "ratio = argmax of r i(r), low and high (95 %, bootstrap over replicates), objective, "
     "resolution (spacing of the ratios), edge (at the first or last ratio), quantiles "
     "1/40 ... 39/40 of the bootstrap"},
    {"regime",
     "verdict redundant, synergistic, mixed or undetermined; concave_share of the "
     "curvature with its error; concave_z, convex_z: most significant of each sign, "
     "against critical_z over all tests; undetermined, with a reason, for other than random "
     "masks"},
    {"chain_rule",
     "sum of the profile against the entropy of the whole configuration, where that is "
     "known in closed form: they must agree within the error"},
    {"mask_samples[]",
     "one mask each at the ratios 0.5 and 0.75, where the strategy has them: rows, "
     "columns, masked (a string, 1 = hidden)"},
    {"misfit", "of models fitted to data: detected, message, and the numbers behind it"},
    {"files, timing",
     "names of the files written; seconds, and of results that the program wrote command (what the "
     "numbers depend on) and machine (processor, cores, threads, system, compiler): the only part "
     "that differs from run to run"},
    {"curves[]", "of a comparison: a curve result each, with label, group, weighed and style"},
    {"verdict",
     "of a comparison: sentence, counts, and for each weighed pair of a text and an image "
     "source the differences of rate and optimum with their certainty"},
    {"data", "of an advice: path, kind, what its sites are and how much there is"},
    {"recommendation",
     "of an advice: ratio, low, high, objective, certainty (firm, fair, weak) and its reason; null "
     "with reason and what_would_help where the data do not determine it"},
    {"orders[], tried[]",
     "of an advice: held-out cross-entropy of letter models; densities of images that contradicted "
     "themselves"},
    {"strategies[]",
     "of an advice: available; at 0.5 and 0.75 information, joint_information, mse_floor and the "
     "difference of the information from random masks on the same draws; optimum, sentence"},
    {"halves[], agreement",
     "of an advice: optimum and rate of each half of the data; differences, second less first"},
    {"overlays[]", "of a comparison: published accuracies with source and rank correlation"},
    {"curves[].source, reference",
     "of a comparison: the source that curves with different masking strategies share, and the "
     "label of the curve that this one approximates; null where not given"},
    {"strategy_comparison",
     "of a comparison with strategies_on: source, ratio, order of the strategies by information "
     "(most predictable first), differences with difference_se and z, accuracy_order, follows and "
     "rank_correlation of the published fine_tune and linear_probe, published rows with the "
     "information at the same strategy and ratio, sentence"},
    {NULL, NULL},
};

const mi_field_note mi_point_notes[] = {
    {"ratio", "r"},
    {"conditional_entropy", "h(r), nats per site"},
    {"information", "i(r) = h_0 - h(r); mask by mask, the mean over the sites that are masked"},
    {"effective_vocabulary", "exp h(r); null for continuous models"},
    {"unigram_information", "log V - h_0: what frequencies give without context"},
    {"joint_information", "I(x_m; x_v) / N"},
    {"mse_floor", "Bayes-optimal squared error of the masked sites over the mean marginal variance "
                  "of all sites, "
                  "so that strategies have one denominator; null for discrete models. It has no "
                  "standard error of "
                  "its own"},
    {"objective", "J(r) = r i(r)"},
    {"cross_entropy", "of the same posteriors on held-out text"},
    {"held_out_information", "cross-entropy without context minus with context"},
    {"scale_information", "part of i(r) that the crop's contrast carries (scale mixtures)"},
    {"in_sample_information", "i(r) on the fitting crops"},
    {"interpolation_information",
     "what the visible ones among a site's lattice neighbours tell about it, nats per site"},
    {"far_information", "i(r) less that: what only sites farther away tell"},
    {"class_information",
     "I(C; x_v), what the visible sites tell about the class of the scene; nats, "
     "not per site"},
    {"semantic_information", "part of i(r) that comes through the class, I(X; C) - I(X; C | x_v): "
                             "i(r) less what it would be were the class known"},
    {"miller_madow_correction",
     "of plugin: what the Miller-Madow correction adds to `information`"},
    {NULL, NULL},
};

const mi_field_note mi_estimators_notes[] = {
    {"gaussian[]", "one object for each correlation, number of samples and number of dimensions"},
    {"gaussian[].truth", "-d/2 log(1 - correlation^2), nats"},
    {"gaussian[].ksg, ksg_se",
     "mean over the sets of the nearest-neighbour estimates, as they are; ksg_lowest: the smallest "
     "of them, ksg_negative: how many are below 0, ksg_tied: neighbours equally far"},
    {"gaussian[].gaussian, gaussian_se",
     "mean over the sets of the log-determinant estimates; gaussian_bias: their known bias, "
     "gaussian_corrected: less it"},
    {"discrete[]", "one object for each number of samples and of sites in the context"},
    {"discrete[].truth", "I(X; context) of the middle site of the chain, nats"},
    {"discrete[].plugin, plugin_se", "mean over the sets of the plug-in estimates"},
    {"discrete[].miller_madow, miller_madow_se", "the same with the Miller-Madow correction"},
    {"discrete[].cells", "vocab^(context + 1)"},
    {NULL, NULL},
};
