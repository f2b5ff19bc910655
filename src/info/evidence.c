#include "evidence.h"

const double mi_information_floor = 1e-12;

const char *mi_no_evidence(const double *information, const double *opt_error, size_t points)
{
    bool positive = false;
    for (size_t p = 0; p < points; p++) {
        double error = opt_error == NULL ? 0 : opt_error[p];
        if (information[p] > mi_information_floor) {
            positive = true;
            if (information[p] > 3 * error) {
                return NULL;
            }
        }
    }
    return positive ? "no information beyond its error" : "no information to fit";
}
