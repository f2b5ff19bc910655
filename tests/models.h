/* Models from their tables as an experiment file writes them. */
#ifndef MASKINFO_TESTS_MODELS_H
#define MASKINFO_TESTS_MODELS_H

#include "support.h"

#include <string.h>

#include "maskinfo/document.h"
#include "maskinfo/model.h"

/* What the table of `parameters` makes of the JSON object `text`; mi_values_destroy. */
static inline mi_values *values_from(const mi_parameter *parameters, const char *text)
{
    mi_faults faults = {.file = "test"};
    const mi_binding binding = {&faults, 1};
    mi_values *values = NULL;
    cJSON *resolved = NULL, *object = mi_document_parse(text, strlen(text), &faults);
    assert_non_null(object);
    assert_int_equal(mi_bind(&binding, object, "", parameters, NULL, &values, &resolved, NULL),
                     MI_OK);
    if (faults.count > 0) {
        fail_msg("%s", faults.messages[0]);
    }
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return values;
}

static inline mi_code try_model_from(const char *name, const char *text, const mi_run *run,
                                     mi_model **ret_model, mi_status *status)
{
    mi_values *values = values_from(mi_model_find(name)->parameters, text);
    mi_code code = mi_model_create(mi_model_find(name), values, run, ret_model, status);
    mi_values_destroy(values);
    return code;
}

static inline mi_model *model_from(const char *name, const char *text, const mi_run *run)
{
    mi_model *model = NULL;
    mi_status status;
    if (try_model_from(name, text, run, &model, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    return model;
}

#endif
