/* Held-out examples with what was predicted of them. */
#ifndef MASKINFO_REPORT_RECONSTRUCTED_H
#define MASKINFO_REPORT_RECONSTRUCTED_H

#include "train_parts.h"

/* Sequences of symbols, and pictures. */
void mi_reconstruct_text(mi_sheet *sheet, const mi_trained *trained);
void mi_reconstruct_pictures(mi_sheet *sheet, const mi_trained *trained);

/* The colour bar of the open panel: its left end, width and top on the sheet, and what it shows. */
void mi_put_color_bar(mi_sheet *sheet, int left, int width, int top, const char *label);

/* Colours of hidden places, and of places that are seen where errors stand. */
extern const char mi_hidden_style[], mi_seen_style[];

#endif
