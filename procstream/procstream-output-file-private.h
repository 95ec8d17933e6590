/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-config.h"

G_BEGIN_DECLS

/* The part of an output's configuration that names a file. */
typedef struct
{
  GFile             *file; /* NULL: none */
  ProcstreamFileMode mode;
} ProcstreamOutputFile;

/* The properties of it, whose numbers lie beyond those of the others. */
#define PROCSTREAM_OUTPUT_FILE_FIRST_PROPERTY 200

ProcstreamOutputFile *procstream_output_config_get_file_part (ProcstreamOutputConfig *self);
void                  procstream_output_file_clear (ProcstreamOutputFile *self);
void                  procstream_output_file_install (GObjectClass *object_class);
/* FALSE: @property_id is none of them. */
gboolean procstream_output_file_get_property (ProcstreamOutputConfig *config,
                                              guint                   property_id,
                                              GValue                 *value);
gboolean procstream_output_file_set_property (ProcstreamOutputConfig *config,
                                              guint                   property_id,
                                              const GValue           *value);

/* What @config (may be NULL) says of a file: *@path (transfer full) is NULL where it names none. Fails, naming @owner, where it is
 * incomplete, or where an output with that back end has none. */
gboolean procstream_output_file_resolve (ProcstreamOutputConfig *config,
                                         const char             *owner,
                                         char                  **path,
                                         ProcstreamFileMode     *mode,
                                         GError                **error);

G_END_DECLS
