# Does one request of hale on this machine and answers in lines of "key value". It reads no other input, runs no other
# program than those named here, and refuses what it does not know. Exit codes: 0 done, 77 refused and nothing was done,
# 70 came to its end in vain; after any other, what became of it has to be found.
#
#   look KIND VERB TARGET...                                  the target as it is, and the ticket to act with
#   act KIND VERB ACTION FENCE TICKET EXPECTED TARGET...      once for each action, if the target is still as expected
#   find KIND VERB ACTION FENCE TARGET...                     what became of an action; earlier tries can't act any more
#   may KIND VERB TARGET...                                   what the account may do of what this takes; keeps no state
set -u
set -f
umask 077
# A connection that is lost must not cut an action in half. Nothing is told before it is written down, so that a broken pipe does not.
trap '' HUP

refuse() {
  printf 'refused %s\n' "$1"
  exit 77
}

is_word() {
  case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._:@/-]* | */.*) return 1 ;; esac
  [ ${#1} -le 250 ]
}

is_number() {
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  [ ${#1} -le 18 ]
}

is_unit() {
  case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._@-]*) return 1 ;; *.service) ;; *) return 1 ;; esac
  [ ${#1} -le 128 ]
}

is_path() {
  case $1 in *[!A-Za-z0-9._/-]* | *//* | */. | */.. | */./* | */../* | */-* | */) return 1 ;; /*) ;; *) return 1 ;; esac
  [ ${#1} -le 200 ]
}

# ---- state: fence, ticket and journal of each target

read_number() {
  number=$(cat "$1" 2>/dev/null) || number=0
  is_number "$number" || number=0
}

# What is written down before a full disk can be emptied takes room too. Random, so that no file system makes it smaller.
set_aside() {
  [ -e "$state/reserve" ] || { head -c 1048576 /dev/urandom >"$state/reserve" || rm -f "$state/reserve"; } 2>/dev/null
}

# Writes something down, once more without what was set aside where that is needed. Why it can't be done is "$why".
keep() {
  why=$("$@" 2>&1) && return
  rm "$state/reserve" 2>/dev/null && why=$("$@" 2>&1)
}

cant_keep() {
  printf "state folder %s can't be written by %s: %s" "$state" "$(id -un)" "$(printf '%s' "$why" | tail -n 1)"
}

replace() {
  printf '%s\n' "$2" | cat >"$1.new" && mv "$1.new" "$1"
}

write_number() {
  keep replace "$1" "$2" || refuse "$(cant_keep)"
}

open_state() {
  key=$(printf '%s' "$kind $thing" | sha256sum | cut -c1-32)
  folder=$state/$key
  keep mkdir -p "$folder" || refuse "$(cant_keep)"
}

make_files() {
  : >>"$folder/lock" && : >>"$folder/output" && : >>"$folder/look"
}

take_lock() {
  keep make_files || refuse "$(cant_keep)"
  exec 9>>"$folder/lock"
  flock -w "$1" 9 || refuse 'another action on it has not ended'
}

# Only what acts writes its fence down: who merely asks under the largest there is must not bar those who act.
compare_fence() {
  read_number "$folder/fence"
  [ "$fence" -ge "$number" ] || refuse "fence $fence is smaller than $number, under which somebody has acted here, see $folder/journal; if hale is refused again and again, its database was made anew, or somebody else has its key: then take that key away, and in both cases remove $folder"
}

# On a line of its own, whatever there was no room for at the end of the one before.
append() {
  printf '\n%s\n' "$2" | cat >>"$1"
}

note() {
  keep append "$folder/journal" "$1 $action $fence $2 $(date +%s)"
}

# What the journal says last about the action, as "$said" and "$of". A line that was cut off before its time says nothing.
recall() {
  said=none
  of=
  [ -f "$folder/journal" ] || return 0
  while read -r word id _ about at; do
    [ "$id" != "$action" ] || [ -z "$at" ] || { said=$word && of=$about; }
  done <"$folder/journal"
}

shorten_journal() {
  [ "$(wc -l <"$folder/journal")" -le 4000 ] || { tail -n 2000 "$folder/journal" >"$folder/journal.new" && mv "$folder/journal.new" "$folder/journal"; } 2>/dev/null
}

# ---- processes

# When a process started, in ticks since boot: with its id this names it for ever.
started_at() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  rest=${stat##*)}
  # shellcheck disable=SC2086 # the numbers after the name are split at their spaces
  set -- $rest
  shift 19
  started=$1
}

# Root needs nobody's leave; others need the one line that stands in sudoers.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then timeout -k 5 600 "$@"; else timeout -k 5 600 sudo -n -- "$@"; fi
}

# sudo tells of a line that wants a password as of one that wants none. Where there are such lines, the command has to stand in another.
may_unasked() {
  [ "$(id -u)" -ne 0 ] || return 0
  whole=$(sudo -n -l -- "$@" 2>/dev/null) || return
  lines=$(sudo -n -l 2>/dev/null | grep '^ *([^)]*) ')
  printf '%s\n' "$lines" | grep -qv NOPASSWD: || return 0
  printf '%s\n' "$lines" | grep NOPASSWD: | grep -qF -e "$whole" -e 'NOPASSWD: ALL'
}

# ---- systemd

systemd_look() {
  if ! command -v systemctl >/dev/null; then
    identity=unavailable
    printf 'unavailable there is no systemctl here\n'
    return
  fi
  if ! shown=$(systemctl show -p LoadState,ActiveState,SubState,Result,NRestarts,InvocationID,MainPID,ExecMainStatus -- "$unit" 2>&1); then
    identity=unavailable
    printf 'unavailable %s\n' "$(printf '%s' "$shown" | head -n 1)"
    return
  fi
  load='' active='' invocation=''
  while IFS='=' read -r property value; do
    case $property in
    LoadState) load=$value ;;
    ActiveState) active=$value ;;
    InvocationID) invocation=$value ;;
    SubState | Result | NRestarts | MainPID | ExecMainStatus) ;;
    *) continue ;;
    esac
    printf '%s %s\n' "$property" "$value"
  done <<END
$shown
END
  [ "$active" != failed ] || [ "$command" = reset-failed ] || systemctl_is_allowed reset-failed
  systemctl_is_allowed "$command"
  identity=${load:-unknown}:$active:${invocation:-none}
}

systemctl_is_allowed() {
  may_unasked systemctl --no-ask-password "$1" -- "$unit" || printf 'noPermission %s may not run systemctl %s -- %s\n' "$(id -un)" "$1" "$unit"
}

systemd_act() {
  # Once a unit has started too often, systemd refuses every start until it is told to forget that.
  [ "$active" != failed ] || as_root systemctl --no-ask-password reset-failed -- "$unit" || return
  [ "$command" = reset-failed ] || as_root systemctl --no-ask-password "$command" -- "$unit"
}

# ---- runit

runit_look() {
  if ! command -v sv >/dev/null; then
    identity=unavailable
    printf 'unavailable there is no sv here\n'
    return
  fi
  status=$(sv status "$service" 2>&1)
  case $status in *'access denied'*) ! may_unasked sv status "$service" || status=$(as_root sv status "$service" 2>&1) ;; esac
  printf 'status %s\n' "$(printf '%s' "$status" | head -n 1)"
  case $status in
  run:* | down:* | finish:*) ;;
  *'access denied'*)
    identity=noPermission
    printf 'noPermission %s may not look into %s\n' "$(id -un)" "$service"
    return
    ;;
  *'unable to change to service directory'*)
    identity=absent
    return
    ;;
  *)
    identity=unavailable
    printf 'unavailable %s\n' "$(printf '%s' "$status" | head -n 1)"
    return
    ;;
  esac
  [ -w "$service/supervise/control" ] || may_unasked sv -w 8 "$verb" "$service" ||
    printf 'noPermission %s may not run sv -w 8 %s %s\n' "$(id -un)" "$verb" "$service"
  since=$(timeout 5 od -An -tx1 -N12 "$service/supervise/status" 2>/dev/null | tr -d ' \n')
  pid=${status#*(pid }
  pid=${pid%%)*}
  if is_number "$pid" && started_at "$pid"; then
    printf 'pid %s\n' "$pid"
    identity=${status%%:*}:$pid:$started
  else
    identity=${status%%:*}:none:$since
  fi
}

runit_act() {
  if [ -w "$service/supervise/control" ]; then sv -w 8 "$verb" "$service"; else as_root sv -w 8 "$verb" "$service"; fi || return
  # sv compares whole seconds: a service that has just started passes for one that was started anew.
  tries=0
  while [ "$tries" -lt 40 ]; do
    runit_look >/dev/null
    case $identity in run:[0-9]*) [ "$identity" = "$expected" ] || return 0 ;; esac
    sleep 0.1
    tries=$((tries + 1))
  done
  echo 'it was not started anew'
  return 1
}

# ---- disk

# A folder that holds more than logs, by what lies in it. The word is for people.
data_in() {
  if [ -e "$1/PG_VERSION" ] || [ -e "$1/pg_wal" ]; then data='PostgreSQL'
  elif [ -e "$1/ibdata1" ] || [ -e "$1/#innodb_redo" ] || [ -e "$1/aria_log_control" ] || [ -e "$1/mysql.ibd" ]; then data='MySQL or MariaDB'
  elif [ -e "$1/WiredTiger" ] || [ -e "$1/mongod.lock" ] || [ -e "$1/storage.bson" ]; then data='MongoDB'
  elif [ -d "$1/member/wal" ] || { [ -d "$1/wal" ] && [ -d "$1/snap" ]; }; then data='etcd'
  elif [ -d "$1/objects" ] && [ -d "$1/refs" ] && [ -f "$1/HEAD" ]; then data='git'
  elif [ -d "$1/overlay2" ] || { [ -d "$1/containers" ] && [ -d "$1/image" ]; } || [ -d "$1/io.containerd.metadata.v1.bolt" ]; then data='Docker or containerd'
  elif [ -e "$1/dump.rdb" ] || [ -d "$1/appendonlydir" ]; then data='Redis'
  elif [ -d "$1/chunks_head" ]; then data='Prometheus'
  elif [ -e "$1/recovery-point-offset-checkpoint" ]; then data='Kafka'
  elif [ -e "$1/currentEpoch" ] || [ -e "$1/acceptedEpoch" ]; then data='ZooKeeper'
  elif [ -d "$1/_state" ] && [ -e "$1/node.lock" ]; then data='Elasticsearch'
  elif [ -e "$1/CURRENT" ] && [ -e "$1/LOCK" ]; then data='RocksDB or LevelDB'
  elif [ "$1" = "$state" ] || { [ -e "$1/run.json" ] && [ -e "$1/postgres" ]; }; then data='hale'
  else return 1; fi
}

# The folder, or one above it, that is a data directory, as "$data_folder" and "$data".
data_above() {
  data_folder=$1
  while :; do
    data_in "$data_folder" && return
    [ -n "$data_folder" ] || return 1
    data_folder=${data_folder%/*}
  done
}

# Folders that hold programs, settings, devices, or other people's things beside the logs.
is_system() {
  case $1 in
  /etc | /etc/* | /usr | /usr/* | /bin | /bin/* | /sbin | /sbin/* | /lib | /lib/* | /lib32/* | /lib64/* | /libx32/* | /boot | /boot/* | /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) return 0 ;;
  /*/*) return 1 ;;
  *) return 0 ;;
  esac
}

# Why nothing may be done under a folder, as "$obstacle".
obstacle_at() {
  obstacle=
  if is_system "$1"; then
    obstacle="$1 is a folder of the system; allowed: a folder of logs such as /var/log/shop"
  elif [ ! -e "$1" ]; then
    obstacle="there is no $1"
  elif ! real=$(cd -P "$1" 2>/dev/null && pwd -P) || [ ! -r "$1" ]; then
    obstacle="no permission to look into $1"
  elif [ "$real" != "$1" ]; then
    obstacle="$1 leads to $real; allowed: the folder itself"
  fi
}

# Log files of a folder, one a line: "device:inode size path". Links are not followed, other file systems not entered.
log_files() {
  if [ "$older" -gt 0 ]; then set -- "$1" ! -newermt "@$(($(date +%s) - older))"; else set -- "$1"; fi
  top=$1
  shift
  find -P "$top" -xdev -regextype posix-extended -type f -links 1 -size "+$((least - 1))c" \
    \( -name '*.log' -o -name '*.log.*' -o -name '*.out' -o -name '*.err' \) -regex '[A-Za-z0-9._/@:+=,-]+' "$@" \
    -printf '%D:%i %s %p\n' 2>/dev/null
}

# Readers have no log to open anew, and a signal would end some of them. The last digit of the flags says what it is open for.
is_written_by() {
  case $(sed -n 's/^flags:.*\([0-7]\)$/\1/p' "/proc/$1/fdinfo/$2" 2>/dev/null) in 1 | 2) ;; *) return 1 ;; esac
}

# What is open of files that were deleted from a folder and have no name left, one descriptor a line: "device:inode size path
# process:start:descriptor".
deleted_files() {
  device=$(stat -c %d "$1") || return 0
  set +f
  find /proc/[0-9]*/fd -maxdepth 1 -type l -lname "$1/* (deleted)" -printf '%p %l\n' 2>/dev/null | while read -r link path rest; do
    case "$path $rest" in *[!A-Za-z0-9._/@:+=,-]*' (deleted)') continue ;; *' (deleted)') ;; *) continue ;; esac
    holder=${link#/proc/}
    holder=${holder%%/*}
    read -r file size links written type <<END
$(stat -L -c '%d:%i %s %h %Y %F' "$link" 2>/dev/null)
END
    case "$file $links $type" in "$device":*' 0 regular file' | "$device":*' 0 regular empty file') ;; *) continue ;; esac
    [ "$size" -ge "$least" ] || continue
    [ "$older" -eq 0 ] || [ "$written" -le $(($(date +%s) - older)) ] || continue
    [ "$verb" = truncateLogs ] || is_written_by "$holder" "${link##*/}" || continue
    started_at "$holder" && printf '%s %s %s %s:%s:%s\n' "$file" "$size" "$path" "$holder" "$started" "${link##*/}"
  done
  set -f
}

# One line for each file, with all who hold it.
by_file() {
  last=
  while read -r file size path holder; do
    if [ "$file" = "$last" ]; then printf ' %s' "$holder"; else printf '%s%s %s %s %s' "${last:+$newline}" "$file" "$size" "$path" "$holder"; fi
    last=$file
  done
}

processes_of() {
  for holder in "$@"; do printf '%s\n' "${holder%%:*}"; done | sort -nu
}

disk_look() {
  found=
  for under in $folders; do
    obstacle_at "$under"
    if [ -n "$obstacle" ]; then
      identity=obstacle
      printf 'obstacle %s\n' "$obstacle"
      return
    fi
    [ "$verb" = reopenLogs ] || found=$found$(log_files "$under")$newline
    found=$found$(deleted_files "$under")$newline
  done
  found=$(printf '%s' "$found" | grep . | sort -u | by_file | sort -k2,2nr | head -n "$most")
  disk_show
  # What an act has found itself is gone when it is found no more.
  if [ "$ask $verb $identity" = 'look reopenLogs none' ] && ! sees_all; then printf 'noPermission %s\n' "$(sees_not_all)"; fi
}

# Only root sees what processes of others hold open, and who is alone on a machine.
sees_all() {
  [ "$(id -u)" -ne 0 ] || return 0
  set +f
  hidden=$(find /proc/[0-9]*/fd -maxdepth 0 ! -readable -print -quit 2>/dev/null)
  set -f
  [ -z "$hidden" ]
}

sees_not_all() {
  printf '%s may not see what processes of others hold open' "$(id -un)"
}

disk_show() {
  identity=none
  while read -r file size path holders; do
    [ -n "$file" ] || continue
    if data_above "${path%/*}"; then
      identity=obstacle
      printf 'obstacle %s lies in a data directory of %s, %s\n' "$path" "$data" "$data_folder"
      return
    fi
    names='' more=''
    # shellcheck disable=SC2086 # one word for each
    for process in $(processes_of $holders); do
      name=$(tr -cd 'A-Za-z0-9._-' <"/proc/$process/comm" 2>/dev/null)
      if [ "$verb" = reopenLogs ] && ! catches "$process"; then
        identity=obstacle
        printf 'obstacle %s %s does not catch %s and would be ended by it\n' "${name:-process}" "$process" "$signal"
        return
      fi
      if [ ${#names} -lt 200 ]; then names=$names,${name:-process}:$process; else more=,others; fi
    done
    [ -n "$holders" ] || [ -w "$path" ] || printf 'noPermission %s may not write %s\n' "$(id -un)" "$path"
    names=${names#,}$more
    printf 'file %s %s %s %s\n' "$file" "$size" "$path" "${names:--}"
  done <<END
$found
END
  [ -z "$found" ] || identity=$(printf '%s\n' "$found" | while read -r file _ path holders; do printf '%s %s %s\n' "$file" "$path" "$holders"; done | sort | sha256sum | cut -c1-32)
}

disk_act() {
  left=0
  if [ "$verb" = reopenLogs ]; then
    reopen_logs || left=1
    return "$left"
  fi
  while read -r file _ path holder _; do
    if [ -z "$holder" ]; then truncate_file "$file" 1 "$path"; else truncate_file "$file" 0 "/proc/${holder%%:*}/fd/${holder##*:}"; fi || left=1
  done <<END
$found
END
  return "$left"
}

# What is open is compared, not its name: whatever the name leads to by now, only the file that was found is emptied, and only if
# it has as many names as then. A shell that opens for writing makes what is not there, follows links, and waits at a pipe for its reader:
# dd opens it for reading, with none of this, and holds it open until somebody takes all of the block that it fills up.
truncate_file() (
  # What a process holds has no name of its own, and is reached by a link of the kernel's.
  if [ "$2" -eq 0 ]; then how=nonblock; else how=nonblock,nofollow; fi
  sh -c 'echo "$$" && exec dd if="$1" iflag="$2" bs=4M count=1 conv=sync status=none' sh "$3" "$how" | {
    read -r opener
    [ "$(head -c 1 | wc -c)" -eq 1 ] || { echo "$3 is gone, or is empty"; exit 1; }
    case $(stat -L -c '%d:%i %h %F' "/proc/$opener/fd/0") in
    "$1 $2 regular"*) truncate -s 0 "/proc/$opener/fd/0" ;;
    *) echo "$3 is another file by now, or has another name" && exit 1 ;;
    esac
  }
)

# A process that does not catch the signal would be ended by it.
catches() {
  case $signal in HUP) bit=0 ;; USR1) bit=9 ;; USR2) bit=11 ;; esac
  mask=$(sed -n 's/^SigCgt:[[:space:]]*[0-9a-f]\{8\}//p' "/proc/$1/status" 2>/dev/null)
  [ -n "$mask" ] && [ $((0x$mask >> bit & 1)) -eq 1 ]
}

reopen_logs() {
  told=
  while read -r _ _ _ holders; do
    for holder in $holders; do
      process=${holder%%:*} start=${holder#*:}
      case " $told " in *" $process "*) continue ;; esac
      if started_at "$process" && [ "$started" = "${start%:*}" ] && catches "$process"; then
        kill -s "$signal" "$process" && told="$told $process"
      fi
    done
  done <<END
$found
END
  tries=0
  while [ "$tries" -lt 15 ]; do
    disk_look >/dev/null
    [ "$identity" = none ] && return 0
    sleep 0.2
    tries=$((tries + 1))
  done
  echo 'the files are still open'
  return 1
}

# ---- what the account may do

# Each by the command as it stands in sudoers, without its folder.
tell_command() {
  if "$@"; then said=may; else said=mayNot; fi
  shift
  printf '%s %s\n' "$said" "$*"
}

systemd_may() {
  command -v systemctl >/dev/null || { printf 'unavailable there is no systemctl here\n' && return; }
  [ "$command" = reset-failed ] || tell_command may_unasked systemctl --no-ask-password "$command" -- "$unit"
  tell_command may_unasked systemctl --no-ask-password reset-failed -- "$unit"
}

runit_may() {
  command -v sv >/dev/null || { printf 'unavailable there is no sv here\n' && return; }
  may=may_unasked
  [ ! -w "$service/supervise/control" ] || [ ! -w "$service/supervise/ok" ] || may=true
  tell_command "$may" sv -w 8 "$verb" "$service"
  tell_command "$may" sv status "$service"
}

# Any log will do, however small or young.
disk_may() {
  least=1 older=0
  for under in $folders; do
    obstacle_at "$under"
    [ -n "$obstacle" ] || [ "$verb" = reopenLogs ] || obstacle=$(log_files "$under" | while read -r _ _ path; do
      [ -w "$path" ] || { printf '%s may not write %s\n' "$(id -un)" "$path" && break; }
    done)
    [ -n "$obstacle" ] || [ "$verb" = truncateLogs ] || sees_all || obstacle=$(sees_not_all)
    if [ -n "$obstacle" ]; then printf 'mayNot own the logs under %s: %s\n' "$under" "$obstacle"; else printf 'may own the logs under %s\n' "$under"; fi
  done
}

# What is there of the state folder, or the folder in which it would be made.
may_keep_state() {
  at=$state
  while [ ! -e "$at" ]; do
    at=${at%/*}
    [ -n "$at" ] || at=/
  done
  [ -d "$at" ] && [ -w "$at" ] && [ -x "$at" ]
}

# What of the script and the folders above it the account may write: whoever may, decides what its key runs.
tell_writable() {
  while [ "$at" != "${at%/*}" ]; do
    case $(stat -c '%u %A' "$at") in
    "$(id -u) "*) printf 'writable %s\n' "$at" ;;
    # Nobody moves away what belongs to others in a folder such as /tmp.
    *[tT]) ;;
    *) [ ! -w "$at" ] || printf 'writable %s\n' "$at" ;;
    esac
    at=${at%/*}
  done
}

may() {
  printf '%s\n' "$allowed" | while read -r line; do [ -z "$line" ] || printf 'allows %s\n' "$line"; done
  printf 'state %s\n' "$state"
  [ ! -f "$0" ] || printf 'script %s\n' "$(sha256sum <"$0" | cut -c1-64)"
  may_keep_state || printf 'noState %s may not write %s\n' "$(id -un)" "$state"
  "${kind}_may"
  if [ "$(id -u)" -eq 0 ]; then
    printf 'tooMuch %s is root there\n' "$(id -un)"
  else
    sudo -n -l 2>/dev/null | sed -n 's/^    /sudo     /p'
    for at in "$0" "$(readlink -f "$0")"; do tell_writable; done
  fi
  printf 'identity %s\n' "$(id -un)"
}

# ---- what was cut off

# Whether what was begun may still be under way.
at_work() {
  case $kind in
  systemd) case $active in activating | deactivating | reloading) ;; *) return 1 ;; esac ;;
  runit) case $identity:$status in *'got TERM'*) ;; run:[0-9]*) return 1 ;; esac ;;
  disk) return 1 ;;
  esac
}

# It was cut off between its beginning and its end. If the target is still as it was after two seconds, nothing came of it.
settle() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    "${kind}_look" >/dev/null
    if ! at_work; then
      [ "$identity" = "$of" ] || said='done'
      [ "$identity" != "$of" ] || [ "$tries" -lt 20 ] || said='void'
    fi
    if [ "$said" != begun ]; then
      note "$said" "$identity" || refuse "$(cant_keep)"
      return
    fi
    sleep 0.1
    tries=$((tries + 1))
  done
}

# ---- the request

case $request in
'') refuse 'there is no request' ;;
*[!A-Za-z0-9._:@/\ -]*) refuse 'the request has a character that is not allowed' ;;
esac
newline='
'
# shellcheck disable=SC2086 # words are split at spaces, and that is all: no word is a pattern
set -- $request
[ "$*" = "$request" ] || refuse 'words are parted by one space each'
[ $# -ge 4 ] || refuse 'the request is too short'
ask=$1 kind=$2 verb=$3
shift 3
action='' fence='' ticket='' expected=''
case $ask in
look | may) ;;
find | act)
  [ $# -ge 3 ] || refuse 'the request is too short'
  action=$1 fence=$2
  shift 2
  is_word "$action" || refuse 'the action is no word'
  is_number "$fence" || refuse 'the fence is no number'
  ;;
*) refuse 'the first word is none of look, act, find, may' ;;
esac
if [ "$ask" = act ]; then
  [ $# -ge 3 ] || refuse 'the request is too short'
  ticket=$1 expected=$2
  shift 2
  is_number "$ticket" || refuse 'the ticket is no number'
  is_word "$expected" || refuse 'what is expected is no word'
fi

case "$kind $verb" in
'systemd restart' | 'systemd start' | 'systemd resetFailed')
  if [ $# -ne 1 ] || ! is_unit "$1"; then refuse 'the target is no unit such as edge-agent.service'; fi
  unit=$1 thing=$1 command=$verb
  [ "$verb" != resetFailed ] || command=reset-failed
  ;;
'runit restart' | 'runit start')
  if [ $# -ne 1 ] || ! is_path "$1"; then refuse 'the target is no folder such as /etc/service/shop'; fi
  service=$1 thing=$1
  ;;
'disk truncateLogs' | 'disk reopenLogs')
  [ $# -ge 5 ] || refuse 'the target is not SIGNAL BYTES SECONDS FILES FOLDER...'
  case $1 in none | HUP | USR1 | USR2) signal=$1 ;; *) refuse 'the signal is none of HUP, USR1, USR2' ;; esac
  for number in "$2" "$3" "$4"; do is_number "$number" || refuse 'a bound is no number'; done
  least=$2 older=$3 most=$4
  if [ "$least" -lt 1 ] || [ "$most" -lt 1 ] || [ "$most" -gt 100 ]; then refuse 'the bounds are not at least 1 byte and 1 to 100 files'; fi
  ;;
*) refuse 'the kind and the verb are not known here' ;;
esac
case $allowed in
any) ;;
*"$newline$kind $verb $*$newline"*) ;;
*) refuse "$kind $verb $* is not among what this machine allows" ;;
esac
if [ "$kind" = disk ]; then
  [ "$verb" != reopenLogs ] || [ "$signal" != none ] || refuse 'reopenLogs needs a signal'
  shift 4
  for path in "$@"; do is_path "$path" || refuse 'a folder is no path such as /var/log/shop'; done
  folders=$* thing=$*
fi

if [ "$ask" = may ]; then
  may
  exit
fi
open_state
case $ask in
look)
  set_aside
  "${kind}_look"
  printf 'identity %s\n' "$identity"
  read_number "$folder/ticket"
  printf 'ticket %s\n' "$number"
  ;;
find)
  take_lock 60
  recall
  read_number "$folder/fence"
  # Under a larger fence others have acted since: nothing of this action can act any more, and what the journal says of it stands. Only
  # what was begun can't be settled by what they have left.
  if [ "$fence" -ge "$number" ] || [ "$said" = begun ]; then
    compare_fence
    # Whatever an earlier try sent that arrives only now has an old ticket.
    read_number "$folder/ticket"
    write_number "$folder/ticket" $((number + 1))
  fi
  [ "$said" != begun ] || settle
  "${kind}_look"
  printf 'identity %s\njournal %s\n' "$identity" "$said"
  ;;
act)
  # Not for long: whoever permitted it looked at the stop switch before.
  take_lock 5
  recall
  case $said in none | void) ;; *) refuse "action $action was taken before" ;; esac
  compare_fence
  read_number "$folder/ticket"
  [ "$ticket" -eq "$number" ] || refuse "ticket $ticket is not $number: the request came too late"
  write_number "$folder/ticket" $((number + 1))
  "${kind}_look" >/dev/null
  [ "$identity" = "$expected" ] || refuse "it has changed meanwhile: expected $expected, found $identity"
  write_number "$folder/fence" "$fence"
  note begun "$identity" || refuse "$(cant_keep)"
  # A file and no pipe, and the lock closed: what is started here may live on.
  ("${kind}_act") </dev/null >"$folder/output" 2>&1 9>&-
  code=$?
  "${kind}_look" >"$folder/look"
  if [ "$code" -eq 0 ]; then said='done'; else said='failed'; fi
  # No refusal: it was done, and the journal says that it was begun.
  note "$said" "$identity" || { cant_keep && exit 74; }
  shorten_journal
  cat "$folder/look"
  printf 'identity %s\n' "$identity"
  [ "$code" -eq 0 ] && exit 0
  printf 'failed it ended with %s: %s\n' "$code" "$(head -c 300 "$folder/output" | tr -c ' -~' ' ')"
  exit 70
  ;;
esac
