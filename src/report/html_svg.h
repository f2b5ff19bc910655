/* What may stand in a drawing. Values and texts are the bytes [from, to). */
#ifndef MASKINFO_REPORT_HTML_SVG_H
#define MASKINFO_REPORT_HTML_SVG_H

#include <stdbool.h>

bool mi_svg_element(const char *name);
bool mi_svg_attribute(const char *name);

/* No tags, and of entities the five of XML and numbers of characters alone. */
bool mi_svg_text(const char *from, const char *to);

bool mi_svg_id(const char *from, const char *to);

/* Is the value of an attribute one that can not refer to anything? Only colours and transforms may
 * have parentheses, and those hold numbers. */
bool mi_svg_harmless(const char *name, const char *from, const char *to);

#endif
