/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-file-private.h"

#include "procstream-enum-types.h"
#include "procstream-error.h"

enum
{
  PROP_FILE = PROCSTREAM_OUTPUT_FILE_FIRST_PROPERTY,
  PROP_FILE_MODE,
};

void
procstream_output_file_clear (ProcstreamOutputFile *self)
{
  g_clear_object (&self->file);
}

void
procstream_output_file_install (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamOutputConfig:file: (getter get_file) (setter set_file)
   *
   * A file that everything goes to. It must have a path on this machine, and is opened
   * when the child is started, which fails if that does. A thread of the library opens it, so
   * that a slow disk delays the start and not the caller of an asynchronous one.
   *
   * With %PROCSTREAM_BACKEND_FILE the child writes straight to it. Two outputs with the same file
   * share it, and what the child writes to either comes in the order in which it writes. A file
   * that the library writes as well, for another output, is appended to by both.
   *
   * With a back end that is read, the library writes it from the same memory that subscribers
   * see, beside them: reliably, whatever their delivery, so that a slow disk slows the child.
   * [property@Procstream.Output:file-writer] tells how that goes.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_FILE,
                                   g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, flags));
  /**
   * ProcstreamOutputConfig:file-mode: (getter get_file_mode) (setter set_file_mode)
   *
   * Whether what [property@Procstream.OutputConfig:file] held before is thrown away. There is
   * no default.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_FILE_MODE,
                                   g_param_spec_enum ("file-mode", NULL, NULL, PROCSTREAM_TYPE_FILE_MODE, PROCSTREAM_FILE_MODE_UNSET, flags));
}

gboolean
procstream_output_file_get_property (ProcstreamOutputConfig *config,
                                     guint                   property_id,
                                     GValue                 *value)
{
  if (property_id == PROP_FILE)
    g_value_set_object (value, procstream_output_config_get_file (config));
  else if (property_id == PROP_FILE_MODE)
    g_value_set_enum (value, procstream_output_config_get_file_mode (config));
  else
    return FALSE;
  return TRUE;
}

gboolean
procstream_output_file_set_property (ProcstreamOutputConfig *config,
                                     guint                   property_id,
                                     const GValue           *value)
{
  if (property_id == PROP_FILE)
    procstream_output_config_set_file (config, g_value_get_object (value));
  else if (property_id == PROP_FILE_MODE)
    procstream_output_config_set_file_mode (config, g_value_get_enum (value));
  else
    return FALSE;
  return TRUE;
}

/* --- Resolving ---------------------------------------------------------------------------------------------------------------- */

static gboolean
unset (const char *owner,
       const char *property,
       GError    **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "“%s”: the property “%s” is not set, and has no default", owner, property);
  return FALSE;
}

static gboolean
invalid (const char *owner,
         const char *what,
         GError    **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: %s", owner, what);
  return FALSE;
}

gboolean
procstream_output_file_resolve (ProcstreamOutputConfig *config,
                                const char             *owner,
                                char                  **path,
                                ProcstreamFileMode     *mode,
                                GError                **error)
{
  ProcstreamOutputFile *file = config ? procstream_output_config_get_file_part (config) : NULL;
  ProcstreamBackend     backend = config ? procstream_output_config_get_backend (config) : PROCSTREAM_BACKEND_BROADCAST;

  *path = NULL;
  if (file == NULL || file->file == NULL)
    return backend != PROCSTREAM_BACKEND_FILE || unset (owner, "file", error);
  if (backend == PROCSTREAM_BACKEND_DISCARD || backend == PROCSTREAM_BACKEND_INHERIT)
    return invalid (owner, "what is discarded or inherited is not read, so it cannot go to a “file” as well", error);
  if (file->mode == PROCSTREAM_FILE_MODE_UNSET)
    return unset (owner, "file-mode", error);
  if (file->mode > PROCSTREAM_FILE_MODE_APPEND)
    return invalid (owner, "the property “file-mode” is neither “truncate” nor “append”", error);
  *path = g_file_get_path (file->file);
  *mode = file->mode;
  return *path != NULL || invalid (owner, "the property “file” must be a file with a path on this machine", error);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_output_config_new_file:
 * @path: (type filename): the path of a file; a relative one is looked up now
 * @file_mode: whether what it holds is thrown away
 *
 * Makes a configuration of an output that the child writes straight to a file. It needs no
 * policy.
 *
 * In Vala it is called `OutputConfig.to_file ()`.
 *
 * Returns: (transfer full): a new configuration
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_output_config_new_file (const char        *path,
                                   ProcstreamFileMode file_mode)
{
  g_autoptr (GFile) file = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  file = g_file_new_for_path (path);
  return g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, "backend", PROCSTREAM_BACKEND_FILE, "file", file, "file-mode", file_mode, NULL);
}

/**
 * procstream_output_config_get_file: (get-property file)
 * @self: a configuration
 *
 * Gets the file that everything goes to.
 *
 * Returns: (transfer none) (nullable): the file, or %NULL
 *
 * Since: 1.0
 */
GFile *
procstream_output_config_get_file (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), NULL);

  return procstream_output_config_get_file_part (self)->file;
}

/**
 * procstream_output_config_set_file: (set-property file)
 * @self: a configuration
 * @file: (nullable): a file with a path on this machine, or %NULL for none
 *
 * Sets the file that everything goes to, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_file (ProcstreamOutputConfig *self,
                                   GFile                  *file)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));
  g_return_if_fail (file == NULL || G_IS_FILE (file));

  if (g_set_object (&procstream_output_config_get_file_part (self)->file, file))
    g_object_notify (G_OBJECT (self), "file");
}

/**
 * procstream_output_config_get_file_mode: (get-property file-mode)
 * @self: a configuration
 *
 * Gets whether what the file held before is thrown away.
 *
 * Returns: the mode
 *
 * Since: 1.0
 */
ProcstreamFileMode
procstream_output_config_get_file_mode (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_FILE_MODE_UNSET);

  return procstream_output_config_get_file_part (self)->mode;
}

/**
 * procstream_output_config_set_file_mode: (set-property file-mode)
 * @self: a configuration
 * @file_mode: whether what the file held before is thrown away
 *
 * Sets how the file is opened, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_file_mode (ProcstreamOutputConfig *self,
                                        ProcstreamFileMode      file_mode)
{
  ProcstreamOutputFile *file;

  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  file = procstream_output_config_get_file_part (self);
  if (file->mode == file_mode)
    return;
  file->mode = file_mode;
  g_object_notify (G_OBJECT (self), "file-mode");
}
