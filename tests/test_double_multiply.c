/* The same tests in double precision. */
#include "test_multiply.c"
