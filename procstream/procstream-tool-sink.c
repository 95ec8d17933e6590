/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-sink-private.h"

/*
 * The context of a consumer is the thread-default one where it was made. So the main thread makes the consumers of a thread with that
 * thread's context pushed, and only then starts the thread that runs it.
 */
struct _ToolThread
{
  char         *name;
  GMainContext *context;
  GMainLoop    *loop;
  GThread      *thread;
};

ToolThread *
tool_thread_new (const char *name)
{
  ToolThread *self = g_new0 (ToolThread, 1);

  self->name = g_strdup (name);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  return self;
}

static gpointer
thread_run (gpointer data)
{
  ToolThread *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

void
tool_thread_start (ToolThread *self)
{
  self->thread = g_thread_new (self->name, thread_run, self);
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

void
tool_thread_free (ToolThread *self)
{
  if (self->thread)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      /* Quitting directly would be lost if the loop did not run yet. */
      g_source_set_callback (source, quit_cb, self->loop, NULL);
      g_source_attach (source, self->context);
      g_thread_join (self->thread);
    }
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self->name);
  g_free (self);
}

void
tool_call_main (GSourceFunc func,
                gpointer    data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, NULL);
}

/* --- The consumers -------------------------------------------------------------------------------------------------------------- */

/* What a consumer is given follows from the functions that its class has, so bytes, lines and both are three classes. */
typedef struct
{
  ProcstreamConsumer   parent_instance;
  const ToolSinkFuncs *funcs;
  gpointer             user_data;
} ToolSink;

typedef ProcstreamConsumerClass ToolByteSinkClass;
typedef ProcstreamConsumerClass ToolLineSinkClass;
typedef ProcstreamConsumerClass ToolBothSinkClass;
typedef ToolSink                ToolByteSink;
typedef ToolSink                ToolLineSink;
typedef ToolSink                ToolBothSink;

GType tool_byte_sink_get_type (void);
GType tool_line_sink_get_type (void);
GType tool_both_sink_get_type (void);

G_DEFINE_TYPE (ToolByteSink, tool_byte_sink, PROCSTREAM_TYPE_CONSUMER)
G_DEFINE_TYPE (ToolLineSink, tool_line_sink, PROCSTREAM_TYPE_CONSUMER)
G_DEFINE_TYPE (ToolBothSink, tool_both_sink, PROCSTREAM_TYPE_CONSUMER)

static gboolean
tool_sink_chunk (ProcstreamConsumer *consumer,
                 GBytes             *bytes)
{
  ToolSink *self = (ToolSink *) consumer;

  return self->funcs->chunk (self->user_data, bytes);
}

static gboolean
tool_sink_lines (ProcstreamConsumer *consumer,
                 const char *const  *lines)
{
  ToolSink *self = (ToolSink *) consumer;

  return self->funcs->lines (self->user_data, lines);
}

static gboolean
tool_sink_gap (ProcstreamConsumer *consumer,
               guint64             chunks,
               guint64             bytes)
{
  ToolSink *self = (ToolSink *) consumer;

  return self->funcs->gap && self->funcs->gap (self->user_data, bytes);
}

static void
tool_sink_ended (ProcstreamConsumer *consumer,
                 const GError       *error)
{
  ToolSink *self = (ToolSink *) consumer;

  if (self->funcs->ended)
    self->funcs->ended (self->user_data);
}

static void
class_init_common (ProcstreamConsumerClass *klass)
{
  klass->gap = tool_sink_gap;
  klass->ended = tool_sink_ended;
}

static void
tool_byte_sink_class_init (ToolByteSinkClass *klass)
{
  class_init_common (klass);
  klass->chunk = tool_sink_chunk;
}

static void
tool_line_sink_class_init (ToolLineSinkClass *klass)
{
  class_init_common (klass);
  klass->lines = tool_sink_lines;
}

static void
tool_both_sink_class_init (ToolBothSinkClass *klass)
{
  class_init_common (klass);
  klass->chunk = tool_sink_chunk;
  klass->lines = tool_sink_lines;
}

static void
tool_byte_sink_init (ToolByteSink *self)
{
}

static void
tool_line_sink_init (ToolLineSink *self)
{
}

static void
tool_both_sink_init (ToolBothSink *self)
{
}

static GType
type_for (const ToolSinkFuncs *funcs)
{
  if (funcs->chunk == NULL)
    return tool_line_sink_get_type ();
  return funcs->lines ? tool_both_sink_get_type () : tool_byte_sink_get_type ();
}

ProcstreamConsumer *
tool_sink_new (ToolThread          *thread,
               const ToolSinkFuncs *funcs,
               gpointer             user_data)
{
  ToolSink *self;

  g_main_context_push_thread_default (thread->context);
  self = g_object_new (type_for (funcs), NULL);
  g_main_context_pop_thread_default (thread->context);
  self->funcs = funcs;
  self->user_data = user_data;
  return &self->parent_instance;
}
