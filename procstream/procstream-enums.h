/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <glib-object.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

/**
 * ProcstreamDelivery:
 * @PROCSTREAM_DELIVERY_UNSET: not chosen; refused where a choice is needed
 * @PROCSTREAM_DELIVERY_LOSSY: a subscriber that falls behind by more than the
 *   live window loses the oldest chunks and is told exactly how many; the
 *   child is never slowed
 * @PROCSTREAM_DELIVERY_RELIABLE: a subscriber loses nothing; reading, and in
 *   the end the child, waits while the live window of the slowest is full
 *
 * What happens when a subscriber does not keep up with an output.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_DELIVERY_UNSET,
  PROCSTREAM_DELIVERY_LOSSY,
  PROCSTREAM_DELIVERY_RELIABLE,
} ProcstreamDelivery;

/**
 * ProcstreamReplay:
 * @PROCSTREAM_REPLAY_UNSET: not chosen; refused where a choice is needed
 * @PROCSTREAM_REPLAY_NONE: a late subscriber starts with what comes next
 * @PROCSTREAM_REPLAY_LAST_CHUNKS: a late subscriber first gets the newest
 *   chunks, as many as the replay limit says
 * @PROCSTREAM_REPLAY_LAST_BYTES: a late subscriber first gets the newest
 *   chunks, whole ones, that together hold at least as many bytes as the
 *   replay limit says
 * @PROCSTREAM_REPLAY_ALL: a late subscriber gets everything from the first
 *   byte on; memory grows with the output
 * @PROCSTREAM_REPLAY_LAST_LINES: a late subscriber first gets the newest lines,
 *   as many as the replay limit says, from the first byte of the oldest of them
 *   on; a last line that is not terminated yet counts as one. Lines are those of the bytes
 *   as they are read, before any conversion, with the separator of the output; in a
 *   merged output, of each stream by itself
 * @PROCSTREAM_REPLAY_LAST_MS: a late subscriber first gets the chunks that were
 *   read less than so many milliseconds ago as the replay limit says, by the
 *   monotonic clock
 *
 * What an output keeps for subscribers that attach late. What lines and
 * milliseconds keep is bounded by
 * [property@Procstream.OutputConfig:max-replay-bytes], too.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_REPLAY_UNSET,
  PROCSTREAM_REPLAY_NONE,
  PROCSTREAM_REPLAY_LAST_CHUNKS,
  PROCSTREAM_REPLAY_LAST_BYTES,
  PROCSTREAM_REPLAY_ALL,
  PROCSTREAM_REPLAY_LAST_LINES,
  PROCSTREAM_REPLAY_LAST_MS,
} ProcstreamReplay;

/**
 * ProcstreamBackend:
 * @PROCSTREAM_BACKEND_UNSET: not chosen; refused
 * @PROCSTREAM_BACKEND_BROADCAST: read through a pipe and handed to any number
 *   of subscribers
 * @PROCSTREAM_BACKEND_SINGLE: read through a pipe and handed to one consumer at a
 *   time: as long as it is attached, attaching another fails. When it is over, by
 *   whatever way, the place is free at once. The handlers of the output's signals are not
 *   consumers: they neither take the place nor are they refused
 * @PROCSTREAM_BACKEND_DISCARD: connected to the null device; no pipe, and the
 *   output ends at once
 * @PROCSTREAM_BACKEND_INHERIT: the child writes where the program itself does;
 *   no pipe, and the output ends at once
 * @PROCSTREAM_BACKEND_FILE: the child writes straight to a file; no pipe,
 *   nothing is copied, and the output ends at once
 *
 * Where one output of a child goes.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_BACKEND_UNSET,
  PROCSTREAM_BACKEND_BROADCAST,
  PROCSTREAM_BACKEND_SINGLE,
  PROCSTREAM_BACKEND_DISCARD,
  PROCSTREAM_BACKEND_INHERIT,
  PROCSTREAM_BACKEND_FILE,
} ProcstreamBackend;

/**
 * ProcstreamFileMode:
 * @PROCSTREAM_FILE_MODE_UNSET: not chosen; refused
 * @PROCSTREAM_FILE_MODE_TRUNCATE: what the file held is thrown away
 * @PROCSTREAM_FILE_MODE_APPEND: what is written comes after what the file holds
 *
 * How a file is opened. In either mode it is made if there is none.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_FILE_MODE_UNSET,
  PROCSTREAM_FILE_MODE_TRUNCATE,
  PROCSTREAM_FILE_MODE_APPEND,
} ProcstreamFileMode;

/**
 * ProcstreamReaderMode:
 * @PROCSTREAM_READER_MODE_UNSET: not chosen; refused
 * @PROCSTREAM_READER_MODE_THREAD: the library's I/O thread reads; a busy main
 *   loop delays nothing but its own handlers
 * @PROCSTREAM_READER_MODE_CONTEXT: the captured main context reads: one thread
 *   switch less per chunk, but nothing is read while that context is busy
 *
 * Where an output is read.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_READER_MODE_UNSET,
  PROCSTREAM_READER_MODE_THREAD,
  PROCSTREAM_READER_MODE_CONTEXT,
} ProcstreamReaderMode;

/**
 * ProcstreamStdinMode:
 * @PROCSTREAM_STDIN_MODE_UNSET: not chosen; refused
 * @PROCSTREAM_STDIN_MODE_NULL: the null device: the child reads end of file
 * @PROCSTREAM_STDIN_MODE_PIPE: a pipe, written through the child's
 *   [property@Procstream.Child:stdin]
 * @PROCSTREAM_STDIN_MODE_INHERIT: the program's own standard input
 * @PROCSTREAM_STDIN_MODE_PTY: the child's pseudo-terminal, see
 *   [property@Procstream.Launcher:pty], written through the child's
 *   [property@Procstream.Child:stdin]
 * @PROCSTREAM_STDIN_MODE_FILE: the file that [property@Procstream.Launcher:stdin-file] names
 * @PROCSTREAM_STDIN_MODE_BYTES: the bytes that [property@Procstream.Launcher:stdin-bytes] holds
 * @PROCSTREAM_STDIN_MODE_STREAM: what [property@Procstream.Launcher:stdin-stream] has to read
 *
 * What a child reads as its standard input.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_STDIN_MODE_UNSET,
  PROCSTREAM_STDIN_MODE_NULL,
  PROCSTREAM_STDIN_MODE_PIPE,
  PROCSTREAM_STDIN_MODE_INHERIT,
  PROCSTREAM_STDIN_MODE_PTY,
  PROCSTREAM_STDIN_MODE_FILE,
  PROCSTREAM_STDIN_MODE_BYTES,
  PROCSTREAM_STDIN_MODE_STREAM,
} ProcstreamStdinMode;

/**
 * ProcstreamContainment:
 * @PROCSTREAM_CONTAINMENT_UNSET: not chosen; refused
 * @PROCSTREAM_CONTAINMENT_PROCESS: the child stays in the program's own process
 *   group; signals reach the child alone
 * @PROCSTREAM_CONTAINMENT_GROUP: the child leads a process group of its own;
 *   signals reach the whole group, and the child also when it has gone to another group;
 *   other processes that leave the group are out of reach
 * @PROCSTREAM_CONTAINMENT_SESSION: the child leads a session of its own, and so
 *   a process group, to which signals go; it has no controlling terminal, so
 *   that Ctrl-C and the end of the user's session do not reach it
 * @PROCSTREAM_CONTAINMENT_TREE: like a group, and a guard sees to it that nothing
 *   the child started outlives it or the program, not what left the group, and not
 *   when the program itself is killed; signals reach everybody below the child.
 *   See [property@Procstream.Launcher:keep-descendants]
 *
 * What belongs to a child when it is signalled.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_CONTAINMENT_UNSET,
  PROCSTREAM_CONTAINMENT_PROCESS,
  PROCSTREAM_CONTAINMENT_GROUP,
  PROCSTREAM_CONTAINMENT_SESSION,
  PROCSTREAM_CONTAINMENT_TREE,
} ProcstreamContainment;

/**
 * ProcstreamLimit:
 * @PROCSTREAM_LIMIT_UNSET: not chosen; refused
 * @PROCSTREAM_LIMIT_ADDRESS_SPACE: virtual memory, in bytes
 * @PROCSTREAM_LIMIT_CORE_SIZE: the size of a core dump, in bytes; 0: none is
 *   made
 * @PROCSTREAM_LIMIT_CPU_SECONDS: CPU time, in seconds: at the soft limit the
 *   process gets `SIGXCPU`, at the hard one `SIGKILL`
 * @PROCSTREAM_LIMIT_DATA_SIZE: the heap and other private memory, in bytes
 * @PROCSTREAM_LIMIT_FILE_SIZE: the size of any file that it writes, in bytes
 * @PROCSTREAM_LIMIT_LOCKED_MEMORY: memory that is locked into RAM, in bytes
 * @PROCSTREAM_LIMIT_MESSAGE_QUEUES: POSIX message queues of the user, in bytes
 * @PROCSTREAM_LIMIT_NICE: how far it may raise its own priority: 20 less the
 *   lowest nice value
 * @PROCSTREAM_LIMIT_OPEN_FILES: one more than the highest descriptor number
 * @PROCSTREAM_LIMIT_PENDING_SIGNALS: signals that may be queued for the user
 * @PROCSTREAM_LIMIT_PROCESSES: processes and threads of the user
 * @PROCSTREAM_LIMIT_REALTIME_PRIORITY: the highest real-time priority
 * @PROCSTREAM_LIMIT_REALTIME_US: CPU time under a real-time policy without a
 *   blocking call, in microseconds
 * @PROCSTREAM_LIMIT_STACK_SIZE: the stack of the main thread, in bytes
 * @PROCSTREAM_LIMIT_LOCKS: file locks; without effect in today's kernels
 *
 * What the use of can be limited; see
 * [method@Procstream.Launcher.set_limit]. The limits are those of
 * getrlimit(2), where more is said of each.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_LIMIT_UNSET,
  PROCSTREAM_LIMIT_ADDRESS_SPACE,
  PROCSTREAM_LIMIT_CORE_SIZE,
  PROCSTREAM_LIMIT_CPU_SECONDS,
  PROCSTREAM_LIMIT_DATA_SIZE,
  PROCSTREAM_LIMIT_FILE_SIZE,
  PROCSTREAM_LIMIT_LOCKED_MEMORY,
  PROCSTREAM_LIMIT_MESSAGE_QUEUES,
  PROCSTREAM_LIMIT_NICE,
  PROCSTREAM_LIMIT_OPEN_FILES,
  PROCSTREAM_LIMIT_PENDING_SIGNALS,
  PROCSTREAM_LIMIT_PROCESSES,
  PROCSTREAM_LIMIT_REALTIME_PRIORITY,
  PROCSTREAM_LIMIT_REALTIME_US,
  PROCSTREAM_LIMIT_STACK_SIZE,
  PROCSTREAM_LIMIT_LOCKS,
} ProcstreamLimit;

/**
 * ProcstreamPtyFlags:
 * @PROCSTREAM_PTY_FLAGS_NONE: what is written arrives as it is: the child's
 *   output has no CR that it did not write, and its input does not come back
 *   as output
 * @PROCSTREAM_PTY_FLAGS_ECHO: the terminal echoes the input into the output
 * @PROCSTREAM_PTY_FLAGS_CRLF: each LF that the child writes becomes CR LF
 * @PROCSTREAM_PTY_FLAGS_RAW_INPUT: the input is handed to the child byte by byte:
 *   Ctrl-C is a byte and no signal, lines have no greatest length, CR stays CR, and there is no
 *   end of input
 *
 * How the pseudo-terminal of a child treats what passes through it, at first: a program
 * can change that, as editors and shells do.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_PTY_FLAGS_NONE = 0,
  PROCSTREAM_PTY_FLAGS_ECHO = 1 << 0,
  PROCSTREAM_PTY_FLAGS_CRLF = 1 << 1,
  PROCSTREAM_PTY_FLAGS_RAW_INPUT = 1 << 2,
} ProcstreamPtyFlags;

/**
 * ProcstreamNameParts:
 * @PROCSTREAM_NAME_PARTS_NONE: the name of the program alone
 * @PROCSTREAM_NAME_PARTS_DIRECTORY: in front, the working directory that was
 *   set, and ` % `
 * @PROCSTREAM_NAME_PARTS_VARIABLES: before the program, the variables whose
 *   values are not the program's own
 * @PROCSTREAM_NAME_PARTS_ARGUMENTS: behind it, each argument in double quotes
 *
 * What an automatic name of a child consists of besides the program.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_NAME_PARTS_NONE = 0,
  PROCSTREAM_NAME_PARTS_DIRECTORY = 1 << 0,
  PROCSTREAM_NAME_PARTS_VARIABLES = 1 << 1,
  PROCSTREAM_NAME_PARTS_ARGUMENTS = 1 << 2,
} ProcstreamNameParts;

/**
 * ProcstreamChildState:
 * @PROCSTREAM_CHILD_STATE_NONE: no state; never seen
 * @PROCSTREAM_CHILD_STATE_CREATED: made, not started: what is attached now
 *   misses nothing
 * @PROCSTREAM_CHILD_STATE_QUEUED: its [class@Procstream.Scope] starts it when there is room
 * @PROCSTREAM_CHILD_STATE_STARTING: being started
 * @PROCSTREAM_CHILD_STATE_RUNNING: the program runs
 * @PROCSTREAM_CHILD_STATE_TERMINATING: it was asked to end and has not yet
 * @PROCSTREAM_CHILD_STATE_EXITED: the process is gone; its outputs may still
 *   be held open by others
 * @PROCSTREAM_CHILD_STATE_FAILED: it could not be started
 *
 * The states of a child, in the order they are passed.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_CHILD_STATE_NONE,
  PROCSTREAM_CHILD_STATE_CREATED,
  PROCSTREAM_CHILD_STATE_QUEUED,
  PROCSTREAM_CHILD_STATE_STARTING,
  PROCSTREAM_CHILD_STATE_RUNNING,
  PROCSTREAM_CHILD_STATE_TERMINATING,
  PROCSTREAM_CHILD_STATE_EXITED,
  PROCSTREAM_CHILD_STATE_FAILED,
} ProcstreamChildState;

/**
 * ProcstreamOutputState:
 * @PROCSTREAM_OUTPUT_STATE_NONE: nothing to read from yet
 * @PROCSTREAM_OUTPUT_STATE_OPEN: being read
 * @PROCSTREAM_OUTPUT_STATE_PAUSED: reading waits for a reliable subscriber
 * @PROCSTREAM_OUTPUT_STATE_ENDED: end of file was reached, or there was never
 *   anything to read
 * @PROCSTREAM_OUTPUT_STATE_FAILED: reading failed
 * @PROCSTREAM_OUTPUT_STATE_CLOSED: closed before its end, because nobody was
 *   left to read for
 *
 * The states of an output.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_OUTPUT_STATE_NONE,
  PROCSTREAM_OUTPUT_STATE_OPEN,
  PROCSTREAM_OUTPUT_STATE_PAUSED,
  PROCSTREAM_OUTPUT_STATE_ENDED,
  PROCSTREAM_OUTPUT_STATE_FAILED,
  PROCSTREAM_OUTPUT_STATE_CLOSED,
} ProcstreamOutputState;

/**
 * ProcstreamConsumerState:
 * @PROCSTREAM_CONSUMER_STATE_NONE: not attached yet
 * @PROCSTREAM_CONSUMER_STATE_ATTACHED: attached to an output
 * @PROCSTREAM_CONSUMER_STATE_ENDED: got everything to the end of the output
 * @PROCSTREAM_CONSUMER_STATE_FAILED: got everything up to a read error, was dropped
 *   because it held up the output for too long, or could not go on with what it does, as a
 *   writer whose disk is full
 * @PROCSTREAM_CONSUMER_STATE_DONE: said that it needs no more
 * @PROCSTREAM_CONSUMER_STATE_CANCELLED: was cancelled
 *
 * The states of a consumer. It is attached once; the last four are final.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_CONSUMER_STATE_NONE,
  PROCSTREAM_CONSUMER_STATE_ATTACHED,
  PROCSTREAM_CONSUMER_STATE_ENDED,
  PROCSTREAM_CONSUMER_STATE_FAILED,
  PROCSTREAM_CONSUMER_STATE_DONE,
  PROCSTREAM_CONSUMER_STATE_CANCELLED,
} ProcstreamConsumerState;

/**
 * ProcstreamLineSeparator:
 * @PROCSTREAM_LINE_SEPARATOR_UNSET: not chosen: inherited, or refused where
 *   there is nothing to inherit from
 * @PROCSTREAM_LINE_SEPARATOR_NEWLINE: LF or CRLF
 * @PROCSTREAM_LINE_SEPARATOR_LF: LF alone; a CR before it belongs to the line
 * @PROCSTREAM_LINE_SEPARATOR_CRLF: CRLF alone; a lone LF belongs to the line
 * @PROCSTREAM_LINE_SEPARATOR_ANY: CR, LF or CRLF, each of them: for programs that draw
 *   progress over one line. A line that ends in CR comes at once; should a LF
 *   follow, it belongs to that CR
 * @PROCSTREAM_LINE_SEPARATOR_NUL: NUL, as `find -print0` writes it; CR and LF belong to the
 *   line
 * @PROCSTREAM_LINE_SEPARATOR_CUSTOM: the bytes that the property `custom-separator` beside it
 *   holds
 *
 * What ends a line.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_LINE_SEPARATOR_UNSET,
  PROCSTREAM_LINE_SEPARATOR_NEWLINE,
  PROCSTREAM_LINE_SEPARATOR_LF,
  PROCSTREAM_LINE_SEPARATOR_CRLF,
  PROCSTREAM_LINE_SEPARATOR_ANY,
  PROCSTREAM_LINE_SEPARATOR_NUL,
  PROCSTREAM_LINE_SEPARATOR_CUSTOM,
} ProcstreamLineSeparator;

/**
 * ProcstreamLineOverflow:
 * @PROCSTREAM_LINE_OVERFLOW_UNSET: not chosen: inherited, or refused where
 *   there is nothing to inherit from
 * @PROCSTREAM_LINE_OVERFLOW_SPLIT: the line comes in several pieces, none
 *   longer than the limit; nothing is lost
 * @PROCSTREAM_LINE_OVERFLOW_TRUNCATE: the line comes as its first piece; the
 *   rest up to the separator is dropped and counted
 *
 * What happens to a line that is longer than the limit. Both cut between
 * characters, never inside one.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_LINE_OVERFLOW_UNSET,
  PROCSTREAM_LINE_OVERFLOW_SPLIT,
  PROCSTREAM_LINE_OVERFLOW_TRUNCATE,
} ProcstreamLineOverflow;

/**
 * ProcstreamCollect:
 * @PROCSTREAM_COLLECT_UNSET: not chosen; refused
 * @PROCSTREAM_COLLECT_BYTES: bytes as they come
 * @PROCSTREAM_COLLECT_LINES: lines of valid UTF-8
 *
 * What a [class@Procstream.Collector] collects.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_COLLECT_UNSET,
  PROCSTREAM_COLLECT_BYTES,
  PROCSTREAM_COLLECT_LINES,
} ProcstreamCollect;

/**
 * ProcstreamKeep:
 * @PROCSTREAM_KEEP_UNSET: not chosen; refused
 * @PROCSTREAM_KEEP_FIRST: the beginning is kept, what comes later is counted
 * @PROCSTREAM_KEEP_LAST: the end is kept, what came earlier is counted
 * @PROCSTREAM_KEEP_FIRST_AND_LAST: the beginning and the end are kept, what lies
 *   between them is counted
 *
 * What a bounded [class@Procstream.Collector] keeps.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_KEEP_UNSET,
  PROCSTREAM_KEEP_FIRST,
  PROCSTREAM_KEEP_LAST,
  PROCSTREAM_KEEP_FIRST_AND_LAST,
} ProcstreamKeep;

/**
 * ProcstreamWriteMode:
 * @PROCSTREAM_WRITE_MODE_UNSET: not chosen; refused
 * @PROCSTREAM_WRITE_MODE_BYTES: bytes as they come
 * @PROCSTREAM_WRITE_MODE_LINES: whole lines, byte for byte, each with the prefix
 *   before it and the line ending after it
 *
 * What a [class@Procstream.Writer] writes.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_WRITE_MODE_UNSET,
  PROCSTREAM_WRITE_MODE_BYTES,
  PROCSTREAM_WRITE_MODE_LINES,
} ProcstreamWriteMode;

/**
 * ProcstreamWriteErrorPolicy:
 * @PROCSTREAM_WRITE_ERROR_POLICY_UNSET: not chosen; refused
 * @PROCSTREAM_WRITE_ERROR_POLICY_STOP: the writer fails with the error; the
 *   output, its other consumers and the child go on without it
 * @PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE: the chunk or line that could not be
 *   written is given up and counted, and the next one is tried
 *
 * What a [class@Procstream.Writer] does after an error.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_WRITE_ERROR_POLICY_UNSET,
  PROCSTREAM_WRITE_ERROR_POLICY_STOP,
  PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE,
} ProcstreamWriteErrorPolicy;

/**
 * ProcstreamFlushPolicy:
 * @PROCSTREAM_FLUSH_POLICY_UNSET: not chosen; refused
 * @PROCSTREAM_FLUSH_POLICY_NEVER: not by the writer
 * @PROCSTREAM_FLUSH_POLICY_AT_END: once, after everything was written
 * @PROCSTREAM_FLUSH_POLICY_ALWAYS: each time that everything there is was written
 *
 * When a [class@Procstream.Writer] flushes the stream that it writes to.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_FLUSH_POLICY_UNSET,
  PROCSTREAM_FLUSH_POLICY_NEVER,
  PROCSTREAM_FLUSH_POLICY_AT_END,
  PROCSTREAM_FLUSH_POLICY_ALWAYS,
} ProcstreamFlushPolicy;

/**
 * ProcstreamShutdownAction:
 * @PROCSTREAM_SHUTDOWN_ACTION_UNSET: not chosen; refused
 * @PROCSTREAM_SHUTDOWN_ACTION_CLOSE_STDIN: the standard input of the child is
 *   closed once it has taken what was written
 * @PROCSTREAM_SHUTDOWN_ACTION_WRITE: bytes are written to the standard input, such
 *   as the command that makes the program quit
 * @PROCSTREAM_SHUTDOWN_ACTION_SIGNAL: a signal is sent
 * @PROCSTREAM_SHUTDOWN_ACTION_KILL: `SIGKILL` is sent, again as long as somebody
 *   is left; always the last
 *
 * What is done in one phase of a [class@Procstream.Shutdown].
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_SHUTDOWN_ACTION_UNSET,
  PROCSTREAM_SHUTDOWN_ACTION_CLOSE_STDIN,
  PROCSTREAM_SHUTDOWN_ACTION_WRITE,
  PROCSTREAM_SHUTDOWN_ACTION_SIGNAL,
  PROCSTREAM_SHUTDOWN_ACTION_KILL,
} ProcstreamShutdownAction;

/**
 * ProcstreamSignalTarget:
 * @PROCSTREAM_SIGNAL_TARGET_UNSET: not chosen; refused
 * @PROCSTREAM_SIGNAL_TARGET_LEADER: the child's own process alone
 * @PROCSTREAM_SIGNAL_TARGET_GROUP: everything that belongs to the child, as the
 *   `containment` of the launcher says
 *
 * Whom a signal is sent to.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_SIGNAL_TARGET_UNSET,
  PROCSTREAM_SIGNAL_TARGET_LEADER,
  PROCSTREAM_SIGNAL_TARGET_GROUP,
} ProcstreamSignalTarget;

/**
 * ProcstreamLifetime:
 * @PROCSTREAM_LIFETIME_UNSET: not chosen; refused
 * @PROCSTREAM_LIFETIME_BOUND: the child lives as long as its object: when the last
 *   reference goes while it runs, a warning is logged and it is shut down
 * @PROCSTREAM_LIFETIME_APPLICATION: the child is shut down when the program exits; until then
 *   it keeps itself alive
 * @PROCSTREAM_LIFETIME_DETACHED: the child goes on when the program exits; it has a
 *   session of its own, so neither Ctrl-C nor the end of the terminal reaches it
 *
 * How long a child may live.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_LIFETIME_UNSET,
  PROCSTREAM_LIFETIME_BOUND,
  PROCSTREAM_LIFETIME_APPLICATION,
  PROCSTREAM_LIFETIME_DETACHED,
} ProcstreamLifetime;

/**
 * ProcstreamCause:
 * @PROCSTREAM_CAUSE_NONE: nothing ended it: it still runs
 * @PROCSTREAM_CAUSE_EXITED: it exited by itself
 * @PROCSTREAM_CAUSE_SIGNALLED: a signal killed it that no shutdown and no kill of this
 *   library sent, or its status is lost
 * @PROCSTREAM_CAUSE_TERMINATED: it was ended by a shutdown that was asked for
 * @PROCSTREAM_CAUSE_KILLED: the same, and `SIGKILL` was needed or asked for
 * @PROCSTREAM_CAUSE_TIMED_OUT: it took too long
 * @PROCSTREAM_CAUSE_IDLE: it wrote nothing for too long
 * @PROCSTREAM_CAUSE_OUTPUT_LIMIT: it wrote too much
 * @PROCSTREAM_CAUSE_CANCELLED: whoever waited for it was cancelled
 * @PROCSTREAM_CAUSE_PARENT_EXIT: the program exited
 * @PROCSTREAM_CAUSE_NOT_STARTED: it never ran: its start failed, or it was taken out of a queue
 *
 * Why a child, or the waiting for it, came to its end.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_CAUSE_NONE,
  PROCSTREAM_CAUSE_EXITED,
  PROCSTREAM_CAUSE_SIGNALLED,
  PROCSTREAM_CAUSE_TERMINATED,
  PROCSTREAM_CAUSE_KILLED,
  PROCSTREAM_CAUSE_TIMED_OUT,
  PROCSTREAM_CAUSE_IDLE,
  PROCSTREAM_CAUSE_OUTPUT_LIMIT,
  PROCSTREAM_CAUSE_CANCELLED,
  PROCSTREAM_CAUSE_PARENT_EXIT,
  PROCSTREAM_CAUSE_NOT_STARTED,
} ProcstreamCause;

/**
 * ProcstreamEndOn:
 * @PROCSTREAM_END_ON_NONE: nothing
 * @PROCSTREAM_END_ON_TIMEOUT: it took too long
 * @PROCSTREAM_END_ON_IDLE: the child wrote nothing for too long
 * @PROCSTREAM_END_ON_OUTPUT_LIMIT: the child wrote too much
 * @PROCSTREAM_END_ON_CANCEL: the wait was cancelled
 *
 * After what a child that is waited for is shut down.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_END_ON_NONE = 0,
  PROCSTREAM_END_ON_TIMEOUT = 1 << 0,
  PROCSTREAM_END_ON_IDLE = 1 << 1,
  PROCSTREAM_END_ON_OUTPUT_LIMIT = 1 << 2,
  PROCSTREAM_END_ON_CANCEL = 1 << 3,
} ProcstreamEndOn;

/**
 * ProcstreamOnFailure:
 * @PROCSTREAM_ON_FAILURE_UNSET: not chosen; refused
 * @PROCSTREAM_ON_FAILURE_CONTINUE: the others go on, and so does the queue
 * @PROCSTREAM_ON_FAILURE_STOP_STARTING: nothing is started any more; what runs goes on
 * @PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS: the same, and what runs is shut down
 *
 * What a [class@Procstream.Scope] does when one of its children fails: it could not be
 * started, or it ended without success and not because this program ended it on purpose.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_ON_FAILURE_UNSET,
  PROCSTREAM_ON_FAILURE_CONTINUE,
  PROCSTREAM_ON_FAILURE_STOP_STARTING,
  PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS,
} ProcstreamOnFailure;

/**
 * ProcstreamFindFlags:
 * @PROCSTREAM_FIND_FLAGS_NONE: forward, and upper case is not lower case
 * @PROCSTREAM_FIND_FLAGS_BACKWARD: towards the beginning
 * @PROCSTREAM_FIND_FLAGS_CASELESS: upper case is as good as lower case
 *
 * How a text is looked for in a [class@Procstream.LogModel].
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_FIND_FLAGS_NONE = 0,
  PROCSTREAM_FIND_FLAGS_BACKWARD = 1 << 0,
  PROCSTREAM_FIND_FLAGS_CASELESS = 1 << 1,
} ProcstreamFindFlags;

/**
 * ProcstreamMatchFlags:
 * @PROCSTREAM_MATCH_NONE: the pattern is text, and may be anywhere in the line
 * @PROCSTREAM_MATCH_REGEX: the pattern is a regular expression, as `GRegex`
 *   knows them; where in the line it matches it says itself, with `^` and `$`
 * @PROCSTREAM_MATCH_PREFIX: the line begins with the text
 * @PROCSTREAM_MATCH_WHOLE_LINE: the line is the text and nothing else
 * @PROCSTREAM_MATCH_PARTIAL: a line that is not finished counts as it stands, when
 *   nothing more has come yet: a prompt has no line feed
 * @PROCSTREAM_MATCH_NEXT: only what comes after the match before is searched: what
 *   stands behind its end, on the same line or on later ones, as far as replay kept it,
 *   and what is read from now on. See [method@Procstream.Child.expect]
 *
 * How a pattern is to be looked for.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCSTREAM_MATCH_NONE = 0,
  PROCSTREAM_MATCH_REGEX = 1 << 0,
  PROCSTREAM_MATCH_PREFIX = 1 << 1,
  PROCSTREAM_MATCH_WHOLE_LINE = 1 << 2,
  PROCSTREAM_MATCH_PARTIAL = 1 << 3,
  PROCSTREAM_MATCH_NEXT = 1 << 4,
} ProcstreamMatchFlags;

G_END_DECLS
