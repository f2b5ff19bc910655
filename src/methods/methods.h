/* The classes that the registry lists. */
#ifndef MASKINFO_METHODS_METHODS_H
#define MASKINFO_METHODS_METHODS_H

#include "maskinfo/method.h"

extern const mi_method_class mi_mae_method;
extern const mi_method_class mi_mlm_method;
extern const mi_method_class mi_dino_method;
extern const mi_method_class mi_ibot_method;
extern const mi_method_class mi_dinov2_method;
extern const mi_method_class mi_byol_method;
extern const mi_method_class mi_jigsaw_method;
extern const mi_method_class mi_colorize_method;

#endif
