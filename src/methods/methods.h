/* The classes that the registry lists. */
#ifndef MASKINFO_METHODS_METHODS_H
#define MASKINFO_METHODS_METHODS_H

#include "maskinfo/method.h"

extern const mi_method_class mi_mae_method;
extern const mi_method_class mi_mlm_method;

#endif
