/* SPDX-License-Identifier: MIT */
/*
 * Opens the database or refuses it. What is not exactly ours (owner, mode, header, schema, every page) is left as it is
 * found: a machine whose store is damaged lets its local users in and nobody else, and an administrator decides.
 */
#include "helper/vault/store.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/vault/schema.h"
#include "helper/vault/store_internal.h"

#define HEADER_SIZE 100u
#define HEADER_USER_VERSION 60u
#define HEADER_APPLICATION_ID 68u
#define VALUE_MAX (1024 * 1024)

/* Where a store lies: its folder, opened, and the names of its files in there. */
struct place {
	int folder;
	char path[PATH_MAX];
	char name[NAME_MAX];
	char mark[NAME_MAX];
	char temporary[NAME_MAX];
};

static void place_done(struct place *p)
{
	if (p->folder >= 0)
		close(p->folder);
}

static void db_closep(sqlite3 **db)
{
	sqlite3_close_v2(*db);
}

int store_errno(int result)
{
	if (result == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_SCHEMA:
		return -EUCLEAN;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CONSTRAINT:
		return result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY ||
				       result == SQLITE_CONSTRAINT_ROWID
			       ? -EEXIST
			       : -EINVAL;
	case SQLITE_TOOBIG:
		return -E2BIG;
	default:
		return -EIO;
	}
}

static int check_private(const struct stat *st, mode_t type)
{
	if ((st->st_mode & S_IFMT) != type || st->st_uid != geteuid() || (st->st_mode & 0077) != 0)
		return -EPERM;
	return 0;
}

static int place_init(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat st;

	if (path[0] != '/' || slash == path || strlen(path) >= sizeof(p->path) || slash[1] == '\0')
		return -EINVAL;
	if (snprintf(p->name, sizeof(p->name), "%s", slash + 1) >= (int)sizeof(p->name) - 16)
		return -ENAMETOOLONG;
	memcpy(p->path, path, strlen(path) + 1);
	snprintf(p->mark, sizeof(p->mark), "%.200s.mark", p->name);
	snprintf(p->temporary, sizeof(p->temporary), "%.200s.new", p->name);
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);

	p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->folder < 0)
		return errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(p->folder, &st) < 0)
		return -errno;
	return check_private(&st, S_IFDIR);
}

/* The database and whatever SQLite would read together with it. -ENOENT when there is no database. */
static int check_files(const struct place *p)
{
	static const char *const suffixes[] = {"-wal", "-journal", "-shm", ""};
	int r = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[NAME_MAX + 16];
		struct stat st;

		snprintf(name, sizeof(name), "%s%s", p->name, suffixes[i]);
		r = fstatat(p->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = check_private(&st, S_IFREG);
		if (r == 0 && st.st_nlink != 1)
			r = -EPERM;
		if (r < 0)
			return r;
	}
	return r;
}

static uint32_t header_u32(const unsigned char *header, size_t at)
{
	uint32_t value;

	memcpy(&value, header + at, sizeof(value));
	return be32toh(value);
}

/* Before SQLite sees the file: it would take an empty one for a new database, and try to repair others. */
static int check_header(const struct place *p)
{
	unsigned char header[HEADER_SIZE];
	ssize_t n;
	int fd, err;

	fd = openat(p->folder, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	n = pread(fd, header, sizeof(header), 0);
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	if (n != (ssize_t)sizeof(header) || memcmp(header, "SQLite format 3", 16) != 0 ||
	    header_u32(header, HEADER_APPLICATION_ID) != SCHEMA_APPLICATION_ID)
		return -EUCLEAN;
	if (header_u32(header, HEADER_USER_VERSION) > SCHEMA_VERSION)
		return -EPROTONOSUPPORT;
	return 0;
}

int store_run(sqlite3 *db, const char *sql)
{
	return store_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int read_answer(sqlite3_stmt *row, int64_t *number, char *text, size_t text_size)
{
	bool is_null = sqlite3_column_type(row, 0) == SQLITE_NULL;
	const unsigned char *found;

	if (number)
		*number = sqlite3_column_int64(row, 0);
	if (!text)
		return 0;
	found = sqlite3_column_text(row, 0);
	if (!found)
		return is_null ? -EUCLEAN : -ENOMEM;
	snprintf(text, text_size, "%s", (const char *)found);
	return 0;
}

int store_ask(sqlite3 *db, const char *sql, int64_t *number, char *text, size_t text_size)
{
	sqlite3_stmt *statement = NULL;
	int r, result;

	result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		r = read_answer(statement, number, text, text_size);
	else
		r = result == SQLITE_DONE ? -EUCLEAN : store_errno(result);
	sqlite3_finalize(statement);
	return r;
}

/* Nothing that a database file says may make SQLite do more than hold tables. */
static int restrict_connection(sqlite3 *db)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int result = sqlite3_db_config(db, options[i].option, options[i].value, NULL);

		if (result != SQLITE_OK)
			return store_errno(result);
	}
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return store_run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
			     "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;");
}

/* The exclusive lock keeps a second process out, and spares the shared memory that WAL otherwise needs: it must be asked
 * for before anything is read. */
static int lock(sqlite3 *db)
{
	char mode[16];
	int r = store_ask(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, mode, sizeof(mode));

	return r == 0 && strcmp(mode, "exclusive") != 0 ? -EIO : r;
}

static int connect(sqlite3 **ret, const char *path)
{
	LK_CLEANUP(db_closep) sqlite3 *db = NULL;
	int result, r;

	result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (result != SQLITE_OK)
		return store_errno(result);
	r = lock(db);
	if (r == 0)
		r = restrict_connection(db);
	if (r < 0)
		return r;
	if (sqlite3_db_readonly(db, "main") != 0)
		return -EROFS;
	*ret = LK_STEAL(db);
	return 0;
}

static int create_in(struct place *p, const char *path)
{
	LK_CLEANUP(db_closep) sqlite3 *db = NULL;
	int r = connect(&db, path);

	if (r < 0)
		return r;
	r = schema_make(db);
	if (r < 0)
		return r;
	if (sqlite3_close(LK_STEAL(db)) != SQLITE_OK)
		return -EIO;
	if (renameat(p->folder, p->temporary, p->folder, p->name) < 0 || fsync(p->folder) < 0)
		return -errno;
	return 0;
}

/* Under another name first: a store that exists is complete. */
static int create(struct place *p)
{
	char path[PATH_MAX + 8];
	int fd, r;

	snprintf(path, sizeof(path), "%s.new", p->path);
	if (unlinkat(p->folder, p->temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(p->folder, p->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	r = create_in(p, path);
	if (r < 0)
		unlinkat(p->folder, p->temporary, 0);
	return r;
}

/* integrity_check and not the quick one: an index that misses a row would let a name be given out twice. */
static int check_content(sqlite3 *db)
{
	char verdict[64];
	int r = store_ask(db, "PRAGMA integrity_check(1)", NULL, verdict, sizeof(verdict));

	if (r == 0 && strcmp(verdict, "ok") != 0)
		r = -EUCLEAN;
	return r;
}

int store_check(struct store *s)
{
	char verdict[64];
	int r;

	/* Pages that are in memory would hide what has become of them on the disk. */
	(void)sqlite3_db_release_memory(s->db);
	r = store_ask(s->db, "PRAGMA quick_check(1)", NULL, verdict, sizeof(verdict));
	if (r == 0 && strcmp(verdict, "ok") != 0)
		r = -EUCLEAN;
	return r;
}

/* From here on the file is changed: it has proved to be ours and whole. */
static int begin_service(sqlite3 *db)
{
	char mode[16];
	int r = store_ask(db, "PRAGMA journal_mode = WAL", NULL, mode, sizeof(mode));

	if (r == 0 && strcmp(mode, "wal") != 0)
		r = -EIO;
	if (r == 0)
		r = store_run(db, "BEGIN EXCLUSIVE; COMMIT");
	if (r == 0)
		r = store_errno(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL));
	return r;
}

static int compare_with_mark(struct store *s, const struct place *p)
{
	int64_t generation = 0;
	int r = store_ask(s->db, "SELECT generation FROM meta", &generation, NULL, 0);

	if (r < 0)
		return r;
	if (generation < 0)
		return -EUCLEAN;
	s->generation = (uint64_t)generation;
	if (s->mark.fd < 0)
		return mark_create(&s->mark, p->folder, p->mark, p->temporary, s->generation);
	if (s->generation < s->mark.value)
		return -ESTALE;
	return mark_advance(&s->mark, s->generation);
}

/* What was migrated is looked at as strictly as what was found. */
static int migrate(sqlite3 *db, const struct schema *schema)
{
	int r;

	if (schema->version == SCHEMA_VERSION)
		return 0;
	r = schema_migrate(db, schema);
	if (r == 0)
		r = schema_check(db, &schema);
	if (r == 0)
		r = check_content(db);
	return r;
}

static int open_at(struct store *s, struct place *p)
{
	const struct schema *schema = NULL;
	int r;

	r = mark_open(&s->mark, p->folder, p->mark);
	if (r < 0 && r != -ENOENT)
		return r;
	r = check_files(p);
	if (r == -ENOENT)
		r = s->mark.value > 0 ? -ESTALE : create(p);
	if (r == 0)
		r = check_header(p);
	if (r == 0)
		r = connect(&s->db, p->path);
	if (r == 0)
		r = schema_check(s->db, &schema);
	if (r == 0)
		r = check_content(s->db);
	if (r == 0)
		r = begin_service(s->db);
	if (r == 0)
		r = compare_with_mark(s, p);
	if (r == 0)
		r = migrate(s->db, schema);
	if (r == 0)
		r = store_prepare(s);
	return r;
}

int store_open(struct store **ret, const char *path)
{
	LK_CLEANUP(place_done) struct place p = {.folder = -1};
	LK_CLEANUP(store_closep) struct store *s = NULL;
	int r;

	r = place_init(&p, path);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	mark_init(&s->mark);
	r = open_at(s, &p);
	if (r < 0)
		return r;
	*ret = LK_STEAL(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close_v2(s->db);
	mark_done(&s->mark);
	free(s);
}
