/* libFuzzer target: any bytes as an experiment file are either resolved or refused. */
#include <stddef.h>
#include <stdint.h>

#include "maskinfo/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mi_faults faults = {.file = "fuzz.json"};
    mi_status status = {.code = MI_OK};
    cJSON *document = mi_document_parse((const char *)data, size, &faults);
    if (document != NULL) {
        mi_experiment *experiment = NULL;
        mi_document_set(document, "model.kappa=0.5", &faults);
        mi_experiment_create(document, &faults, &experiment, &status);
        mi_experiment_destroy(experiment);
    }
    cJSON_Delete(document);
    mi_faults_clear(&faults);
    return 0;
}
