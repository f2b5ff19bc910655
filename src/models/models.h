/* The classes that the registry lists. */
#ifndef MASKINFO_MODELS_MODELS_H
#define MASKINFO_MODELS_MODELS_H

#include "maskinfo/model.h"

extern const mi_model_class mi_mixing_class;
extern const mi_model_class mi_markov_class;
extern const mi_model_class mi_ngram_class;
extern const mi_model_class mi_parity_class;
extern const mi_model_class mi_gmrf_class;
extern const mi_model_class mi_scene_class;
extern const mi_model_class mi_potts_class;
extern const mi_model_class mi_patches_class;

#endif
