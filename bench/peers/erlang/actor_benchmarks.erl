%% The benchmarks of `deno task bench actors` as Erlang processes: each takes
%% its sizes and returns how many of its things it did, having counted them.
-module(actor_benchmarks).
-export([ping_pong/1, ask/1, counting/1, spawn_and_stop/1, idle/1]).

-define(ASK_WITHIN_MS, 5000).

%% Two processes; the first sends again when the second has answered.
ping_pong(#{n := N}) ->
    Pong = spawn_link(fun pong/0),
    N = ping(Pong, N, 0),
    Pong ! stop,
    {N, #{}}.

ping(_Pong, 0, Exchanges) ->
    Exchanges;
ping(Pong, Left, Exchanges) ->
    Pong ! {ping, self()},
    receive
        pong -> ping(Pong, Left - 1, Exchanges + 1)
    end.

pong() ->
    receive
        {ping, From} ->
            From ! pong,
            pong();
        stop ->
            ok
    end.

%% One ask after the other, each with a reference and a deadline: what
%% gen_server:call does, without its monitor, and so faster than that.
ask(#{n := N}) ->
    Server = spawn_link(fun increment/0),
    N = ask(Server, N, 0),
    Server ! stop,
    {N, #{}}.

ask(_Server, N, N) ->
    N;
ask(Server, N, Value) ->
    Ask = make_ref(),
    Server ! {increment, self(), Ask, Value},
    receive
        {Ask, Next} -> ask(Server, N, Next)
    after ?ASK_WITHIN_MS -> error(timeout)
    end.

increment() ->
    receive
        {increment, From, Ask, Value} ->
            From ! {Ask, Value + 1},
            increment();
        stop ->
            ok
    end.

%% A million increments told in one go, then the count is read. A process with
%% such a backlog keeps it off its heap: a quarter faster, here.
counting(#{n := N}) ->
    Counter = spawn_opt(fun() -> count(0) end, [link, {message_queue_data, off_heap}]),
    tell_increments(Counter, N),
    Counter ! {read, self()},
    receive
        {count, N} -> {N, #{}}
    end.

tell_increments(_Counter, 0) ->
    ok;
tell_increments(Counter, Left) ->
    Counter ! increment,
    tell_increments(Counter, Left - 1).

count(Count) ->
    receive
        increment -> count(Count + 1);
        {read, From} -> From ! {count, Count}
    end.

%% Each process gets one message and ends; its end comes back.
spawn_and_stop(#{n := N}) ->
    spawn_children(N),
    N = await_ends(N, 0),
    {N, #{}}.

spawn_children(0) ->
    ok;
spawn_children(Left) ->
    {Child, _Monitor} = spawn_monitor(fun() ->
        receive
            work -> ok
        end
    end),
    Child ! work,
    spawn_children(Left - 1).

await_ends(0, Ended) ->
    Ended;
await_ends(Left, Ended) ->
    receive
        {'DOWN', _Monitor, process, _Child, normal} -> await_ends(Left - 1, Ended + 1)
    end.

%% What the process takes more with so many idle processes in it.
idle(#{n := N}) ->
    Before = resident_bytes(),
    Processes = erlang:system_info(process_count),
    spawn_idle(N),
    N = erlang:system_info(process_count) - Processes,
    {N, #{bytes => resident_bytes() - Before}}.

spawn_idle(0) ->
    ok;
spawn_idle(Left) ->
    spawn(fun wait/0),
    spawn_idle(Left - 1).

wait() ->
    receive
        stop -> ok
    end.

resident_bytes() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kilobytes]} = re:run(Status, "VmRSS:\\s+(\\d+) kB", [{capture, [1], list}]),
    list_to_integer(Kilobytes) * 1024.
