/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-launcher.h"
#include "procstream-output-config-private.h"
#include "procstream-process-settings-private.h"
#include "procstream-pty-private.h"
#include "procstream-scope.h"

G_BEGIN_DECLS

/*
 * A bag of properties. Nothing is checked when it is set, so that the order does not matter; procstream-launch.c, where launchers are used,
 * checks everything. Nor is a bad value passed over: whoever relies on a limit must not get a child without it. What cannot be kept as it was given
 * is remembered beside (odd), and forgotten when what it is about is set anew.
 *
 * To add a property: a field here, and in the file of its noun the call that installs it, with its documentation, and its getter and
 * setter. Reading, writing, notifying and freeing are done by the type of the property. An enumeration or a boolean is an int, a
 * string, an array of strings and an object belong to the launcher.
 */
struct _ProcstreamLauncher
{
  GObject parent_instance;

  /* Streams. */
  ProcstreamDelivery      delivery;
  ProcstreamReplay        replay;
  guint64                 replay_limit;
  ProcstreamStdinMode     stdin_mode;
  gboolean                merge_stderr;
  ProcstreamOutputConfig *stdout_config;
  ProcstreamOutputConfig *stderr_config;

  /* Standard input; stdin_mode says which of them counts. */
  char         *stdin_file;
  GBytes       *stdin_bytes;
  GInputStream *stdin_stream;

  /* Order. */
  gboolean                merged_view;
  ProcstreamOutputConfig *merged_config;
  gboolean                exact_order;

  /* Silence. */
  gint64   idle_timeout_ms;
  gboolean idle_stdout;
  gboolean idle_stderr;

  /* Name. */
  char               *name;
  ProcstreamNameParts name_parts;
  char               *name_redact;

  /* Process. */
  char                     *cwd;
  ProcstreamContainment     containment;
  ProcstreamProcessSettings settings;
  gboolean                  has_odd_limit; /* a limit was set of what there is none of: odd_limit */
  int                       odd_limit;
  GArray                   *fds; /* of ProcstreamSpawnFd; NULL: none */

  /* Life. */
  ProcstreamLifetime  lifetime;
  ProcstreamShutdown *shutdown;
  ProcstreamScope    *scope;
  guint32             success[8];     /* a bit for each exit status */
  gboolean            has_odd_status; /* besides, one was given that is none: odd_status */
  int                 odd_status;

  /* Pseudo-terminal. */
  ProcstreamPtySettings pty;

  /* Environment. */
  char   **environment;
  char    *odd_variable; /* a name that cannot be one was given; NULL: none */
  gboolean search_environment_path;
};

#define PROCSTREAM_LAUNCHER_FIELD(field) G_STRUCT_OFFSET (ProcstreamLauncher, field)
#define PROCSTREAM_LAUNCHER_PROPERTY_FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

void procstream_launcher_add_property (GObjectClass *klass,
                                       gsize         field,
                                       GParamSpec   *spec); /* (transfer full) */
void procstream_launcher_install_streams (GObjectClass *klass);
void procstream_launcher_install_stdin (GObjectClass *klass);
void procstream_launcher_install_order (GObjectClass *klass);
void procstream_launcher_install_name (GObjectClass *klass);
void procstream_launcher_install_process (GObjectClass *klass);
void procstream_launcher_install_life (GObjectClass *klass);
void procstream_launcher_install_guard (GObjectClass *klass);
void procstream_launcher_install_idle (GObjectClass *klass);
void procstream_launcher_install_environment (GObjectClass *klass);
void procstream_launcher_install_pty (GObjectClass *klass);

/* Whether what was set can be, for a child of that name. */
gboolean procstream_launcher_check_limits (ProcstreamLauncher *self,
                                           const char         *name,
                                           GError            **error);
gboolean procstream_launcher_check_success_statuses (ProcstreamLauncher *self,
                                                     const char         *name,
                                                     GError            **error);
gboolean procstream_launcher_check_environment (ProcstreamLauncher *self,
                                                const char         *name,
                                                GError            **error);
gboolean procstream_launcher_check_fds (ProcstreamLauncher *self,
                                        const char         *name,
                                        GError            **error);

/* What a child that runs @argv is to be called. (transfer full) */
char *procstream_launcher_make_name (ProcstreamLauncher *self,
                                     const char *const  *argv);

/* Each copies what it is given, and notifies when that is something else. */
void procstream_launcher_store_int (ProcstreamLauncher *self,
                                    const char         *property,
                                    int                 value);
void procstream_launcher_store_int64 (ProcstreamLauncher *self,
                                      const char         *property,
                                      gint64              value);
void procstream_launcher_store_uint64 (ProcstreamLauncher *self,
                                       const char         *property,
                                       guint64             value);
void procstream_launcher_store_string (ProcstreamLauncher *self,
                                       const char         *property,
                                       const char         *value);
void procstream_launcher_store_object (ProcstreamLauncher *self,
                                       const char         *property,
                                       gpointer            value);
void procstream_launcher_store_bytes (ProcstreamLauncher *self,
                                      const char         *property,
                                      GBytes             *value);
/* After a source of the standard input was set: the mode goes with it. */
void procstream_launcher_follow_stdin (ProcstreamLauncher *self,
                                       const char         *property);
/* Notifies always. */
void procstream_launcher_store_strv (ProcstreamLauncher *self,
                                     const char         *property,
                                     const char *const  *value);
void procstream_launcher_take_strv (ProcstreamLauncher *self,
                                    const char         *property,
                                    char              **value);

/* A child that nobody but a call knows of, which starts it and waits for it. */
ProcstreamChild *procstream_launcher_create_unknown (ProcstreamLauncher *self,
                                                     const char *const  *argv,
                                                     GError            **error);
/* A child that a pipeline starts: its first one, or a later one. */
ProcstreamChild *procstream_launcher_create_stage (ProcstreamLauncher *self,
                                                   const char *const  *argv,
                                                   gboolean            is_later_stage,
                                                   GError            **error);

/* What the mode says is there. */
gboolean procstream_launcher_check_stdin (ProcstreamLauncher *self,
                                          const char         *name,
                                          GError            **error);

/* From the settings of stdout and stderr to the third ones, of the merged output, where there is to be one. */
gboolean procstream_launcher_resolve_order (ProcstreamLauncher       *self,
                                            const char               *name,
                                            ProcstreamOutputSettings *settings,
                                            GError                  **error);

G_END_DECLS
