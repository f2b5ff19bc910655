/* What sparse.c and selected.c share: the factor as CHOLMOD holds it. */
#ifndef MASKINFO_MODELS_SPARSE_FACTOR_H
#define MASKINFO_MODELS_SPARSE_FACTOR_H

#include <suitesparse/cholmod.h>

#include "sparse.h"

typedef struct mi_sparse_factor {
    cholmod_common common;
    cholmod_factor *factor; /* NULL: none at hand */
} mi_sparse_factor;

#endif
