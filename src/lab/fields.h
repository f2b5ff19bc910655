#ifndef MASKINFO_LAB_FIELDS_H
#define MASKINFO_LAB_FIELDS_H

typedef struct mi_field_note {
    const char *name; /* NULL ends a list */
    const char *meaning;
} mi_field_note;

extern const mi_field_note mi_result_notes[];
extern const mi_field_note mi_point_notes[];
extern const mi_field_note mi_estimators_notes[];
extern const mi_field_note mi_train_notes[];
extern const mi_field_note mi_checks_notes[];
extern const mi_field_note mi_methods_notes[];
extern const mi_field_note mi_center_notes[];
extern const mi_field_note mi_sweep_field_notes[];

#endif
