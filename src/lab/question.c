/* What an experiment is to answer: the one key that every kind carries from its file to its result
 * without looking at it. */
#include "lab.h"
#include "maskinfo/memory.h"

mi_code mi_question_keep(const cJSON *document, mi_experiment *e, mi_status *status)
{
    const cJSON *question = mi_lab_item(document, "question");
    return mi_copy_text(cJSON_IsString(question) ? question->valuestring : "", &e->question,
                        status);
}

/* Behind "title" (a curve has a "label"), where a person looks for it: the keys that follow the
 * title are moved behind. */
static bool put_behind_title(cJSON *object, const char *question)
{
    if (!cJSON_IsObject(object) || mi_lab_item(object, "question") != NULL) {
        return true;
    }
    const cJSON *title = mi_lab_item(object, "title");
    title = title != NULL ? title : mi_lab_item(object, "label");
    const cJSON *added = cJSON_AddStringToObject(object, "question", question);
    cJSON *item = title != NULL ? title->next : NULL;
    while (added != NULL && item != NULL && item != added) {
        cJSON *next = item->next;
        cJSON_AddItemToArray(object, cJSON_DetachItemViaPointer(object, item));
        item = next;
    }
    return added != NULL;
}

mi_code mi_question_put(const mi_experiment *e, cJSON *result, mi_status *status)
{
    cJSON *config = cJSON_GetObjectItemCaseSensitive(result, "config");
    bool put = put_behind_title(result, e->question) && put_behind_title(config, e->question);
    return put ? MI_OK : mi_fail(status, MI_MEMORY, "out of memory for the result");
}
