%% The entry of the Erlang programs: runs one benchmark by name, warm-up first,
%% and prints one line of JSON. Called as
%%   erl -noshell -run bench_main main NAME MILLISECONDS SIZE=VALUE ...
%% A wrong result is one line on stderr and exit code 1.
-module(bench_main).
-export([main/1]).

%% A tenth of the work warms up, again and again, for as long as is measured but
%% no longer than this: the same as in the JavaScript programs.
-define(WARM_UP_SHARE, 10).
-define(WARM_UP_MS, 150).

benchmarks() ->
    #{
        "ping_pong" => fun actor_benchmarks:ping_pong/1,
        "ask" => fun actor_benchmarks:ask/1,
        "counting" => fun actor_benchmarks:counting/1,
        "spawn" => fun actor_benchmarks:spawn_and_stop/1,
        "idle" => fun actor_benchmarks:idle/1,
        "savina_ping_pong" => fun savina_micro:ping_pong/1,
        "savina_counting" => fun actor_benchmarks:counting/1,
        "savina_fork_join_create" => fun savina_micro:fork_join_create/1,
        "savina_fork_join_throughput" => fun savina_micro:fork_join_throughput/1,
        "savina_thread_ring" => fun savina_micro:thread_ring/1,
        "savina_chameneos" => fun savina_micro:chameneos/1,
        "savina_big" => fun savina_micro:big/1,
        "savina_bank_transaction" => fun savina_concurrency:bank_transaction/1,
        "savina_bounded_buffer" => fun savina_concurrency:bounded_buffer/1,
        "savina_philosophers" => fun savina_concurrency:philosophers/1
    }.

main([Name, Milliseconds | Sizes]) ->
    try
        Run = maps:get(Name, benchmarks()),
        Measured = measure(Name, Run, list_to_integer(Milliseconds), sizes(Sizes)),
        io:put_chars(line(Name, Measured)),
        halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~s: ~p ~0p ~0p~n", [Name, Class, Reason, Stack]),
            halt(1)
    end.

sizes(Arguments) ->
    maps:from_list([size_of(string:split(Argument, "=")) || Argument <- Arguments]).

size_of([Key, Value]) -> {list_to_atom(Key), list_to_integer(Value)}.

%% Memory is looked at once, in a process that has done nothing yet.
measure("idle", Run, _Milliseconds, Sizes) ->
    iterate(Run, Sizes, 0);
measure(_Name, Run, Milliseconds, Sizes = #{n := N}) ->
    iterate(Run, Sizes#{n := max(1, N div ?WARM_UP_SHARE)}, min(Milliseconds, ?WARM_UP_MS)),
    iterate(Run, Sizes, Milliseconds).

%% At least once, and again until the time is over.
iterate(Run, Sizes, Milliseconds) ->
    iterate(Run, Sizes, Milliseconds * 1000, []).

iterate(Run, Sizes, LeftUs, Taken) ->
    {Us, {Count, More}} = once(Run, Sizes),
    case LeftUs - Us of
        Left when Left > 0 -> iterate(Run, Sizes, Left, [Us | Taken]);
        _ -> {lists:reverse([Us | Taken]), Count, More}
    end.

%% In a process of its own, so that nobody inherits a heap.
once(Run, Sizes) ->
    {Pid, Monitor} = spawn_monitor(fun() ->
        From = erlang:monotonic_time(microsecond),
        Result = Run(Sizes),
        exit({ran, max(1, erlang:monotonic_time(microsecond) - From), Result})
    end),
    receive
        {'DOWN', Monitor, process, Pid, {ran, Us, Result}} -> {Us, Result};
        {'DOWN', Monitor, process, Pid, Reason} -> error(Reason)
    end.

line(Name, {Taken, Count, More}) ->
    Seconds = [io_lib:format("~.6f", [Us / 1000000]) || Us <- Taken],
    Further = [io_lib:format("\"~s\":~b", [Key, Value]) || {Key, Value} <- maps:to_list(More)],
    io_lib:format(
        "{\"name\":\"~s\",\"count\":~b,\"seconds\":[~s],\"more\":{~s}}~n",
        [Name, Count, lists:join(",", Seconds), lists:join(",", Further)]
    ).
