/* The parameter table of the masked autoencoder. */
#ifndef MASKINFO_METHODS_MAE_PARAMETERS_H
#define MASKINFO_METHODS_MAE_PARAMETERS_H

#include "maskinfo/parameter.h"

extern const mi_parameter mi_mae_parameters[];

#endif
