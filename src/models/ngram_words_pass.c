#include "ngram_words_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

static mi_code memory_init(mi_words_memory *memory, size_t length, mi_status *status)
{
    double **numbers[] = {&memory->entropy, &memory->surprise, &memory->bridge};
    size_t size = length + 2;
    mi_code code = mi_allocate(size, sizeof *memory->words, &memory->words, status);
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *memory->left, &memory->left, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *memory->right, &memory->right, status);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && code == MI_OK; i++) {
        code = mi_allocate(size, sizeof(double), numbers[i], status);
    }
    return code;
}

static void memory_free(mi_words_memory *memory)
{
    free(memory->words);
    free(memory->left);
    free(memory->right);
    free(memory->entropy);
    free(memory->surprise);
    free(memory->bridge);
}

mi_code mi_words_pass_init(mi_words_pass *pass, const mi_words_law *law, size_t length,
                           mi_status *status)
{
    double **vectors[] = {&pass->now, &pass->next, &pass->work};
    *pass = (mi_words_pass){.law = law, .length = length, .memory = &pass->memories[0]};
    size_t count = 0;
    mi_code code = mi_product(length, law->vocabulary, &count, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof(double), &pass->forward, status);
    }
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors && code == MI_OK; i++) {
        code = mi_allocate(law->vocabulary, sizeof(double), vectors[i], status);
    }
    for (size_t i = 0; i < 2 && code == MI_OK; i++) {
        code = memory_init(&pass->memories[i], length, status);
    }
    return code;
}

void mi_words_pass_free(mi_words_pass *pass)
{
    memory_free(&pass->memories[0]);
    memory_free(&pass->memories[1]);
    free(pass->forward);
    free(pass->now);
    free(pass->next);
    free(pass->work);
}

void mi_words_pass_set(mi_words_pass *pass, size_t origin, const uint32_t *words)
{
    mi_words_memory *memory = &pass->memories[origin];
    size_t bytes = pass->length * sizeof *words;
    pass->memory = memory;
    if (memcmp(memory->words + 1, words, bytes) != 0) {
        memcpy(memory->words + 1, words, bytes);
        memset(memory->right, 0, (pass->length + 2) * sizeof *memory->right);
    }
}

static void swap_messages(mi_words_pass *pass)
{
    double *swap = pass->now;
    pass->now = pass->next;
    pass->next = swap;
}

/* Messages from the left to the sites left+1 .. right-1, in forward. Where there is no left
 * neighbour every message is the stationary law, and none is stored. */
static void fill_forward(mi_words_pass *pass, size_t left, size_t right)
{
    size_t size = pass->law->vocabulary;
    if (left == 0) {
        return;
    }
    mi_words_law_row(pass->law, pass->memory->words[left], pass->forward);
    for (size_t i = 1; i + left + 1 < right; i++) {
        double *previous = pass->forward + (i - 1) * size;
        mi_words_law_forward(pass->law, previous, pass->work, previous + size);
    }
}

static const double *forward_at(const mi_words_pass *pass, size_t left, size_t site)
{
    return left == 0 ? pass->law->stationary
                     : pass->forward + (site - left - 1) * pass->law->vocabulary;
}

/* The message from the right neighbour to the site before it: ones where there is none. */
static void start_backward(mi_words_pass *pass, size_t right)
{
    if (right <= pass->length) {
        mi_words_law_column(pass->law, pass->memory->words[right], pass->now);
        return;
    }
    for (size_t i = 0; i < pass->law->vocabulary; i++) {
        pass->now[i] = 1;
    }
}

/* With q = forward * backward and Z = sum q, the posterior is q / Z; its entropy is
 * log Z - (sum q log q) / Z. */
static void answer_site(mi_words_pass *pass, size_t left, size_t site)
{
    mi_words_memory *memory = pass->memory;
    const double *forward = forward_at(pass, left, site);
    double z = 0, q_log_q = 0;
    size_t i = 0;
    do { /* a vocabulary has at least one word */
        double q = forward[i] * pass->now[i];
        z += q;
        q_log_q += q > 0 ? q * log(q) : 0;
    } while (++i < pass->law->vocabulary);
    uint32_t word = memory->words[site];
    memory->entropy[site] = log(z) - q_log_q / z;
    memory->surprise[site] = log(z) - log(forward[word] * pass->now[word]);
    memory->bridge[site] = log(z);
}

static void answer_run(mi_words_pass *pass, size_t left, size_t right)
{
    fill_forward(pass, left, right);
    start_backward(pass, right);
    for (size_t site = right - 1; site > left; site--) {
        if (site + 1 < right && right <= pass->length) {
            mi_words_law_backward(pass->law, pass->now, pass->next);
            swap_messages(pass);
        }
        answer_site(pass, left, site);
        pass->memory->left[site] = left;
        pass->memory->right[site] = right;
    }
}

/* A site alone does not tell: another run may have left its answers on part of this one. */
static bool is_known(const mi_words_memory *memory, size_t left, size_t right)
{
    for (size_t site = left + 1; site < right; site++) {
        if (memory->left[site] != left || memory->right[site] != right) {
            return false;
        }
    }
    return true;
}

static void add_run(mi_words_pass *pass, size_t left, size_t right, mi_words_sums *sums)
{
    const mi_words_memory *memory = pass->memory;
    if (!is_known(memory, left, right)) {
        answer_run(pass, left, right);
    }
    for (size_t site = left + 1; site < right; site++) {
        sums->entropy += memory->entropy[site];
        sums->surprise += memory->surprise[site];
        sums->sites++;
    }
    sums->log_visible += memory->bridge[left + 1]; /* 0 where there is no right neighbour */
}

/* log p of the word at `right` given that at the site just before it, or alone at the start. */
static double log_adjacent(const mi_words_pass *pass, size_t right)
{
    const uint32_t *words = pass->memory->words;
    return right == 1 ? log(pass->law->stationary[words[1]])
                      : log(mi_words_law_transition(pass->law, words[right - 1], words[right]));
}

void mi_words_pass_run(mi_words_pass *pass, const unsigned char *hidden, mi_words_sums *sums)
{
    *sums = (mi_words_sums){0};
    size_t left = 0;
    for (size_t right = 1; right <= pass->length + 1; right++) {
        if (right <= pass->length && hidden[right - 1]) {
            continue;
        }
        if (right - left > 1) {
            add_run(pass, left, right, sums);
        } else if (right <= pass->length) {
            sums->log_visible += log_adjacent(pass, right);
        }
        left = right;
    }
}

/* log P^gap from the word at left to that at right; no left: the stationary law. */
static double log_bridge(mi_words_pass *pass, size_t left, size_t right)
{
    const uint32_t *words = pass->memory->words;
    if (right - left == 1) {
        return log_adjacent(pass, right);
    }
    if (left == 0) {
        return log(pass->law->stationary[words[right]]);
    }
    mi_words_law_row(pass->law, words[left], pass->now);
    for (size_t site = left + 2; site <= right; site++) {
        mi_words_law_forward(pass->law, pass->now, pass->work, pass->next);
        swap_messages(pass);
    }
    return log(pass->now[words[right]]);
}

double mi_words_pass_log_hidden(mi_words_pass *pass, const unsigned char *hidden)
{
    double logs = 0;
    size_t left = 0;
    for (size_t right = 1; right <= pass->length; right++) {
        if (hidden[right - 1]) {
            logs += log_bridge(pass, left, right);
            left = right;
        }
    }
    return logs;
}

double mi_words_pass_log_all(const mi_words_pass *pass)
{
    double logs = 0;
    for (size_t right = 1; right <= pass->length; right++) {
        logs += log_adjacent(pass, right);
    }
    return logs;
}
