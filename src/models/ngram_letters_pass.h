/* Forward-backward over one sequence of letters, some of them hidden: exact posteriors of the
 * hidden letters and the log probability of the visible ones. */
#ifndef MASKINFO_MODELS_NGRAM_LETTERS_PASS_H
#define MASKINFO_MODELS_NGRAM_LETTERS_PASS_H

#include "ngram_window.h"

typedef struct mi_letters_pass mi_letters_pass;

/* Work space for sequences of `length` >= order letters. */
mi_code mi_letters_pass_create(const mi_letters_law *law, size_t length, mi_letters_pass **ret_pass,
                               mi_status *status);
void mi_letters_pass_destroy(mi_letters_pass *pass); /* accepts NULL */

/* log p of the letters that are not MI_OPEN, nats. open is (length) and must stay as it is until
 * the last mi_letters_pass_backward. */
double mi_letters_pass_forward(mi_letters_pass *pass, const unsigned char *open);

/* After a forward pass: the posterior (27) of every open site, from the last to the first, handed
 * to visit. */
typedef void (*mi_letters_visit)(size_t site, const double *posterior, void *context);
void mi_letters_pass_backward(mi_letters_pass *pass, mi_letters_visit visit, void *context);

#endif
