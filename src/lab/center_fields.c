/* What the fields of a center result mean. */
#include <stddef.h>

#include "fields.h"

const mi_field_note mi_center_notes[] = {
    {"equilibrium", "of the first of `center_momenta`, the centre moved after use; each number "
                    "NAME with its standard error NAME_se, its prediction NAME_predicted and "
                    "NAME_z = (NAME - NAME_predicted) / NAME_se"},
    {"equilibrium.mean_error", "E[c] - mu at step `mean_error_step` of the stationary stream; "
                               "predicted lambda^t (c_0 - mu)"},
    {"equilibrium.variance", "of the stationary centre; predicted sigma^2/B (1-lambda)/(1+lambda)"},
    {"equilibrium.rate", "at which the mean error dies out, per step; predicted -ln lambda"},
    {"equilibrium.drift_lag", "of the centre in use behind the moving mean; predicted "
                              "v/(1-lambda), and v lambda/(1-lambda) where it is moved before use"},
    {"equilibrium.correlated_variance", "of the correlated stream; predicted sigma^2/B "
                                        "(1-lambda)/(1+lambda) (1+lambda phi)/(1-lambda phi)"},
    {"equilibrium.largest_z", "largest size of a z-score of all streams"},
    {"streams[]", "the same of every stream: `kind` stationary, drifting or correlated, for every "
                  "momentum and both orders (`update`)"},
    {"streams[].distance", "mean square of the batch mean less the centre in use, less the lag "
                           "squared; predicted sigma^2/B 2 (1-phi)/((1+lambda)(1-lambda phi)), "
                           "times lambda^2 where it is moved before use"},
    {"streams[].way[]", "mean error at steps on the way to the equilibrium"},
    {"stability.grid[]", "one object for each centre momentum and teacher temperature, row by row "
                         "of equal momentum (`shape`: rows, columns)"},
    {"stability.grid[].predicted", "stable: the part that all inputs share decays, their "
                                   "differences grow; uniform: both decay; collapse: the shared "
                                   "part grows without a change of sign; oscillation: it grows and "
                                   "changes its sign. From the eigenvalues of the discrete step"},
    {"stability.grid[].simulated", "the same of the non-linear simulation"},
    {"stability.grid[].entropy", "of the shared part's output over ln K, mean of the last quarter "
                                 "of the steps"},
    {"stability.grid[].reversals, prototype_changes",
     "changes of sign while it grew, and of the prototype on top once one had half of the output"},
    {"stability.grid[].growth, frequency",
     "of the fastest mode of the shared part, per step and radians per step, in discrete time; "
     "growth_continuous, frequency_continuous: of the differential equations; stable_discrete, "
     "stable_continuous: by Jury's and by Routh's and Hurwitz's conditions; feature_growth: of the "
     "differences between inputs"},
    {"stability.agreement", "share of the cells whose simulated outcome is the predicted one; "
                            "border_agreement: that grow or not as predicted, "
                            "border_agreement_continuous: by the differential equations; "
                            "disagreeing_cells: places in `grid` of those that do not agree"},
    {"stability.points[], gains[]",
     "single settings, and the law without the gain tried at several "
     "gains; fields as of `grid`"},
    {"stability.borders[]", "largest stable centre momentum at each teacher temperature, at this "
                            "gain (border_) and at every gain (law_), in continuous and discrete "
                            "time"},
    {"loop.runs[]", "the four conditions none, center only, sharpen only, both; `constant_growth` "
                    "and `feature_growth` are the predicted rates of the shared part and of the "
                    "differences near the uniform output"},
    {"loop.runs[].steps[]", "mean_entropy of the teacher's outputs, entropy_of_mean, information = "
                            "their difference, divergence (mean KL of teacher and student), spread "
                            "and constant (root mean square of the centred logits, and of their "
                            "mean over the inputs), and the centred logits, input by input"},
    {"loop.counts[]", "share of the replicates in which information survives (mean of the last "
                      "quarter above half of ln inputs), and its mean, for each similarity"},
    {"published[]",
     "published settings: `law` is the largest centre momentum that is stable at "
     "every gain, `satisfied` whether the setting keeps it, `collapsed` whether the "
     "accuracy is chance, `agrees` whether these tally; critical_gain: g above which "
     "the shared part grows; `needs`: the gain that theory and outcome need to agree"},
    {NULL, NULL},
};
