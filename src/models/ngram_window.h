/* One step of forward-backward for an order-k Markov chain of letters, on the windows of k letters
 * that a mask leaves open: a visible letter of the window has one value, a hidden one 27, so a
 * window with h hidden letters has 27^h states instead of 27^k.
 *
 * Before a step the window is (a, m), afterwards (m, d), with m the middle, k-1 letters. Messages
 * are dense arrays over the open values in that order: (values of a, values of m), then (values of
 * m, values of d). */
#ifndef MASKINFO_MODELS_NGRAM_WINDOW_H
#define MASKINFO_MODELS_NGRAM_WINDOW_H

#include "ngram_letters_law.h"

enum { MI_OPEN = MI_LETTERS }; /* in place of a letter: hidden, all 27 values */

typedef struct mi_window_step {
    const mi_letters_law *law;
    unsigned char oldest, newest; /* a and d: a letter, or MI_OPEN */
    size_t middle_count;
    const uint32_t *middles; /* (middle_count) open values of m, as indices 0..27^(k-1)-1 */
} mi_window_step;

/* after(m, d) = sum_a before(a, m) p(d | a, m). */
void mi_window_forward(const mi_window_step *step, const double *before, double *after);

/* before(a, m) = sum_d p(d | a, m) after(m, d). */
void mi_window_backward(const mi_window_step *step, const double *after, double *before);

/* Open values of `count` letters in a row (each a letter or MI_OPEN), as indices in base 27 in
 * increasing order, in values; returns their number, 27^(open letters). */
size_t mi_window_values(const unsigned char *letters, size_t count, uint32_t *values);

#endif
