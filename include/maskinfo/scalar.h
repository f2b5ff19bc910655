/* The number of the networks: float, or double in the build that checks gradients (-DMI_DOUBLE,
 * docs/engine.md). */
#ifndef MASKINFO_SCALAR_H
#define MASKINFO_SCALAR_H

#ifdef MI_DOUBLE
typedef double mi_scalar;
#else
typedef float mi_scalar;
#endif

#endif
