#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "maskinfo/stream.h"

extern char **environ;

enum { NOT_FOUND = 127, WORDS = 400 };

/* "cd 'directory'" for gnuplot: posix_spawn has no portable way to set the working directory. The
 * leading "./" keeps a "~" from being expanded. */
static mi_code change_directory(const char *directory, char **ret_command, mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_command, &size);
    bool whole = file != NULL;
    if (whole) {
        fputs("cd '", file);
        fputs(directory[0] == '/' ? "" : "./", file);
        for (const char *c = directory; *c != '\0'; c++) {
            fputs(*c == '\'' ? "'" : "", file);
            putc(*c, file);
        }
        putc('\'', file);
        whole = fclose(file) == 0;
    }
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory to run gnuplot");
}

/* Start gnuplot with its standard error in the pipe; returns an errno. It gets a process group of
 * its own: gnuplot's handler of a terminal's Ctrl-C may deadlock, and the drawing, a matter of
 * seconds, is better finished than torn. */
static int start(char *const *arguments, int errors, pid_t *ret_child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) {
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    }
    if (error == 0) {
        error = posix_spawnp(ret_child, arguments[0], &actions, &attributes, arguments, environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Read until the other end is closed; of all that the last non-empty line stays in `line`. */
static void read_last_line(int errors, char *line, size_t size)
{
    char c = 0;
    size_t used = 0;
    bool fresh = true; /* the next character starts a line */
    ssize_t got;
    line[0] = '\0';
    while ((got = read(errors, &c, 1)) == 1 || (got < 0 && errno == EINTR)) {
        if (got < 0) {
            continue;
        }
        if (c == '\n' || c == '\r') {
            fresh = true;
        } else if (fresh && c != ' ') {
            fresh = false;
            used = 0;
        }
        if (!fresh && used + 1 < size) {
            line[used++] = c;
            line[used] = '\0';
        }
    }
}

static int wait_for(pid_t child)
{
    int result = 0;
    while (waitpid(child, &result, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return result;
}

static mi_code judge(int result, const char *script, const char *line, bool *ret_missing,
                     mi_status *status)
{
    if (WIFEXITED(result) && WEXITSTATUS(result) == 0) {
        return MI_OK;
    }
    if (WIFEXITED(result) && WEXITSTATUS(result) == NOT_FOUND) {
        *ret_missing = true;
        return MI_OK;
    }
    if (WIFSIGNALED(result)) {
        return mi_fail(status, MI_IO, "gnuplot was stopped by signal %d while drawing %s",
                       WTERMSIG(result), script);
    }
    return mi_fail(status, MI_IO, "gnuplot failed on %s: %s", script, line);
}

static mi_code run(char *const *arguments, const char *script, bool *ret_missing, mi_status *status)
{
    int ends[2];
    pid_t child = 0;
    char line[WORDS];
    if (pipe(ends) != 0) {
        return mi_fail(status, MI_IO, "can not make a pipe to gnuplot: %s", strerror(errno));
    }
    /* The reading end must not stay open in the child. */
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    int error = start(arguments, ends[1], &child);
    close(ends[1]);
    if (error == 0) {
        read_last_line(ends[0], line, sizeof line);
    }
    close(ends[0]);
    if (error == ENOENT) {
        *ret_missing = true;
        return MI_OK;
    }
    if (error != 0) {
        return mi_fail(status, MI_IO, "can not start gnuplot: %s", strerror(error));
    }
    return judge(wait_for(child), script, line, ret_missing, status);
}

mi_code mi_gnuplot_run(const char *directory, const char *script, bool *ret_missing,
                       mi_status *status)
{
    char *command = NULL, *file = NULL;
    *ret_missing = false;
    mi_code code = change_directory(directory, &command, status);
    if (code == MI_OK) {
        code = mi_copy_text(script, &file, status);
    }
    if (code == MI_OK) {
        char *arguments[] = {
            (char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-e"}, command, file, NULL};
        code = run(arguments, script, ret_missing, status);
    }
    free(command);
    free(file);
    return code;
}
