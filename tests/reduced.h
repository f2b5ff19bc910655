/* Experiment files made so small that a run takes a fraction of a second: the same curves, runs and
 * parts, each with a few examples of a few sites. */
#ifndef MASKINFO_TESTS_REDUCED_H
#define MASKINFO_TESTS_REDUCED_H

#include <cjson/cJSON.h>

/* Small data of the kinds that the experiments read, written to the folder: a text, photographs in
 * colour, and images with labels. */
void reduced_data(const char *folder);

/* The experiment of a file, reduced, over the data of that folder; cJSON_Delete. */
cJSON *reduced_experiment(const char *file, const char *folder);

#endif
