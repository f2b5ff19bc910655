/* Time of exact posteriors of letters of order 3, as `key value` lines.
 *
 *     bench_ngram TEXT SEQUENCES
 *
 * For each ratio .15, .5, .9: median over five rounds of the seconds that the posteriors of one
 * sequence of 64 letters take on one thread, the mean over SEQUENCES masks. Sequence j starts at
 * letter 1000 j of the text, and site i of it is hidden where the next number of a linear
 * congruential generator (Numerical Recipes' constants, seed j) is below the ratio; ngram_peer.py
 * takes the same. `entropy_R` is the mean posterior entropy, for comparison with the peer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../src/models/ngram_letters_pass.h"
#include "maskinfo/statistics.h"

enum { V = MI_LETTERS, ORDER = 3, LENGTH = 64, STRIDE = 1000, ROUNDS = 5 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Letters of a sequence, MI_OPEN where hidden. */
static void hide(const unsigned char *text, size_t sequence, double ratio, unsigned char *open)
{
    uint32_t number = (uint32_t)sequence;
    for (size_t i = 0; i < LENGTH; i++) {
        number = number * 1664525u + 1013904223u;
        open[i] = number < ratio * 4294967296.0 ? MI_OPEN : text[sequence * STRIDE + i];
    }
}

typedef struct sums {
    double entropy;
    size_t sites;
} sums;

static void add_entropy(size_t site, const double *posterior, void *context)
{
    sums *s = context;
    (void)site;
    for (size_t v = 0; v < V; v++) {
        s->entropy -= posterior[v] > 0 ? posterior[v] * log(posterior[v]) : 0;
    }
    s->sites++;
}

static void time_ratio(mi_letters_pass *pass, const unsigned char *text, size_t sequences,
                       double ratio)
{
    double seconds[ROUNDS];
    sums s = {0, 0};
    for (size_t round = 0; round < ROUNDS; round++) {
        double start = now();
        for (size_t j = 0; j < sequences; j++) {
            unsigned char open[LENGTH];
            hide(text, j, ratio, open);
            mi_letters_pass_forward(pass, open);
            mi_letters_pass_backward(pass, add_entropy, &s);
        }
        seconds[round] = (now() - start) / (double)sequences;
    }
    mi_sort(seconds, ROUNDS);
    printf("seconds_%.2f %.6e\n", ratio, mi_quantile(seconds, ROUNDS, 0.5));
    printf("entropy_%.2f %.8f\n", ratio, s.entropy / (double)s.sites);
}

static mi_code run(const char *path, size_t sequences, mi_status *status)
{
    unsigned char *text = NULL;
    size_t count = 0;
    mi_split split = {.starts = NULL};
    mi_letters_law law = {.rows = NULL};
    mi_letters_pass *pass = NULL;
    mi_code code = mi_read_letters(path, sequences * STRIDE + LENGTH, &text, &count, status);
    if (code == MI_OK) {
        code = mi_split_init(&split, count, 0, LENGTH, status);
    }
    if (code == MI_OK) {
        code = mi_letters_law_init(&law, text, &split, ORDER, 0.5, status);
    }
    if (code == MI_OK) {
        code = mi_letters_pass_create(&law, LENGTH, &pass, status);
    }
    if (code == MI_OK) {
        time_ratio(pass, text, sequences, 0.15);
        time_ratio(pass, text, sequences, 0.5);
        time_ratio(pass, text, sequences, 0.9);
    }
    mi_letters_pass_destroy(pass);
    mi_letters_law_free(&law);
    mi_split_free(&split);
    free(text);
    return code;
}

int main(int count, char **arguments)
{
    mi_status status;
    long sequences = count == 3 ? strtol(arguments[2], NULL, 10) : 0;
    if (sequences < 1) {
        fprintf(stderr, "usage: bench_ngram TEXT SEQUENCES\n");
        return 2;
    }
    if (run(arguments[1], (size_t)sequences, &status) != MI_OK) {
        fprintf(stderr, "%s\n", status.message);
        return 1;
    }
    return 0;
}
