/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Opens a file that is written for the user, as a shell does: what is there already stays what it is. -1: failure. */
int tool_open_file (const char *path,
                    gboolean    append,
                    GError    **error);

/* @what is how the user calls what @fd is. */
gboolean tool_write_record (int         fd,
                            const char *what,
                            const char *json,
                            GError    **error);

G_END_DECLS
