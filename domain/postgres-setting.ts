/** Settings whose change may lose data, let somebody in, blind people, run a program, or has no effect. hale never touches them. */
const refused: readonly { readonly names: RegExp; readonly why: string }[] = [
  {
    names:
      /^(fsync|synchronous_(commit|standby_names)|full_page_writes|wal_.+|data_checksums|ignore_.+|zero_damaged_pages|allow_system_table_mods|max_slot_wal_keep_size|idle_replication_slot_timeout|data_sync_retry)$/,
    why: 'it decides what survives a crash',
  },
  { names: /^(archive_.+|restore_.+|recovery_.+|primary_.+|hot_standby.*)$/, why: 'backups and replicas depend on it' },
  { names: /_command$/, why: 'it runs a program' },
  {
    names:
      /^(ssl.*|listen_addresses|port|unix_socket_.+|.+_file|password_.+|krb_.+|gss_.+|scram_.+|authentication_timeout|oauth_.+|db_user_namespace|role|session_authorization|row_security|createrole_self_grant|restrict_nonsystem_relation_kind|lo_compat_privileges|search_path|standard_conforming_strings|backslash_quote|event_triggers|session_replication_role|default_transaction_read_only|transaction_(isolation|read_only|deferrable))$/,
    why: 'it decides who may do what',
  },
  {
    names: /^(.+_preload_libraries|dynamic_library_path|extension_.+|jit_provider|.+_directory)$/,
    why: 'it decides which code or files are used',
  },
  {
    names: /^(log_.+|logging_collector|track_.+|syslog_.+|event_source|pgaudit\..+|debug_.+|trace_.+)$/,
    why: 'people rely on what the server logs',
  },
  {
    names:
      /^(shared_buffers|huge_pages|max_(connections|worker_processes|wal_senders|replication_slots|prepared_transactions|locks_per_transaction|files_per_process)|superuser_reserved_connections)$/,
    why: 'it takes effect only when the server starts',
  },
  { names: /^(temp_tablespaces)$/, why: 'it is a list of names, which could not be put back as it was' },
];

/** Why hale does not change this setting of PostgreSQL, whoever asks for it; undefined when it may. */
export const refusedSetting = (name: string): string | undefined => refused.find(({ names }) => names.test(name.toLowerCase()))?.why;
