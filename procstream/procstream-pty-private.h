/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"

G_BEGIN_DECLS

/* A pseudo-terminal for one child. Plain data: it is copied by assignment. */
typedef struct
{
  gboolean           enabled;
  guint              columns;
  guint              rows;
  ProcstreamPtyFlags flags;
} ProcstreamPtySettings;

/* Both ends are close-on-exec, numbered above 2, and the controlling terminal of nobody. The end of the child goes to the child alone: as
 * long as it is open here, the child's end cannot be seen. */
gboolean procstream_pty_open (const ProcstreamPtySettings *settings,
                              int                         *master,
                              int                         *slave,
                              GError                     **error);
gboolean procstream_pty_set_size (int   fd,
                                  guint columns,
                                  guint rows); /* FALSE with errno */

/* Whether it is our side of one. */
gboolean procstream_pty_is_master (int fd);

/* What typed at a terminal is the end of the input: the number of bytes in @bytes. One hands over what was typed so far, which is the
 * end when that is nothing. @fd may be -1 for a terminal that is not there yet. */
guint procstream_pty_end_of_input (int      fd,
                                   gboolean at_line_start,
                                   char     bytes[2]);

G_END_DECLS
