%% The micro benchmarks of Savina (Imam and Sarkar, AGERE 2014) as Erlang
%% processes. Each returns how many messages its rules ask for, after it has
%% checked what came out; a count that is wrong is no match and ends the run.
-module(savina_micro).
-export([
    ping_pong/1,
    fork_join_create/1,
    fork_join_throughput/1,
    thread_ring/1,
    chameneos/1,
    big/1
]).

%% Ping tells itself to send the next ping, so an exchange is three messages.
ping_pong(#{n := N}) ->
    Pong = watched(fun() -> pong(0) end),
    Ping = watched(fun() -> ping(Pong, N) end),
    Ping ! ping,
    ok = end_of(Ping),
    {pings, N} = end_of(Pong),
    {3 * N, #{}}.

ping(Pong, Left) ->
    receive
        pong when Left > 0 ->
            self() ! ping,
            ping(Pong, Left);
        pong ->
            Pong ! stop,
            exit(ok);
        ping ->
            Pong ! {ping, self()},
            ping(Pong, Left - 1)
    end.

pong(Pings) ->
    receive
        {ping, From} ->
            From ! pong,
            pong(Pings + 1);
        stop ->
            exit({pings, Pings})
    end.

%% As many processes as messages.
fork_join_create(#{n := N}) ->
    fork(N),
    N = join(N, 0),
    {N, #{}}.

fork(0) ->
    ok;
fork(Left) ->
    Child = watched(fun() ->
        receive
            work -> exit(compute())
        end
    end),
    Child ! work,
    fork(Left - 1).

join(0, Ended) ->
    Ended;
join(Left, Ended) ->
    receive
        {'DOWN', _Monitor, process, _Child, ok} -> join(Left - 1, Ended + 1)
    end.

%% Few processes, each of which gets N messages, in turns.
fork_join_throughput(#{n := N, actors := Actors}) ->
    Children = [backlogged(fun() -> work(N) end) || _ <- lists:seq(1, Actors)],
    tell_work(Children, N),
    Actors = join(Actors, 0),
    {Actors * N, #{}}.

tell_work(_Children, 0) ->
    ok;
tell_work(Children, Left) ->
    [Child ! work || Child <- Children],
    tell_work(Children, Left - 1).

work(0) ->
    exit(ok);
work(Left) ->
    receive
        work ->
            ok = compute(),
            work(Left - 1)
    end.

compute() ->
    Sine = math:sin(37.2),
    true = Sine * Sine > 0,
    ok.

%% A ping runs round the ring until it is used up, then an exit once round.
thread_ring(#{n := N, actors := Actors}) ->
    Ring = [watched(fun() -> ring_member(Actors) end) || _ <- lists:seq(1, Actors)],
    [First | Others] = Ring,
    lists:foreach(
        fun({Member, Next}) -> Member ! {next, Next} end,
        lists:zip(Ring, Others ++ [First])
    ),
    First ! {ping, N},
    Pings = lists:sum([Count || {pings, Count} <- [end_of(Member) || Member <- Ring]]),
    Pings = N + 1,
    {Pings + Actors, #{}}.

ring_member(Actors) ->
    receive
        {next, Next} -> ring_member(Next, Actors, 0)
    end.

ring_member(Next, Actors, Pings) ->
    receive
        {ping, 0} ->
            Next ! {exit, Actors},
            ring_member(Next, Actors, Pings + 1);
        {ping, Left} ->
            Next ! {ping, Left - 1},
            ring_member(Next, Actors, Pings + 1);
        {exit, 1} ->
            exit({pings, Pings});
        {exit, Left} ->
            Next ! {exit, Left - 1},
            exit({pings, Pings})
    end.

%% The mall pairs those who come; both change colors and come again.
chameneos(#{n := N, actors := Actors}) ->
    Mall = self(),
    Colors = {red, yellow, blue},
    Chameneos = [
        watched(fun() -> arrive(Mall, element(Index rem 3 + 1, Colors)) end)
     || Index <- lists:seq(0, Actors - 1)
    ],
    mall(N, none, Actors),
    Meetings = lists:sum([Count || {meetings, Count} <- [end_of(Each) || Each <- Chameneos]]),
    Meetings = 2 * N,
    {4 * N, #{}}.

mall(_Left, _Waiting, 0) ->
    ok;
mall(0, Waiting, Present) ->
    receive
        {meet, _Color, From} ->
            From ! leave,
            mall(0, Waiting, Present - 1)
    end;
mall(Left, none, Present) ->
    receive
        {meet, _Color, From} -> mall(Left, From, Present)
    end;
mall(Left, Waiting, Present) ->
    receive
        Meet = {meet, _Color, _From} ->
            Waiting ! Meet,
            mall(Left - 1, none, Present)
    end.

arrive(Mall, Color) ->
    Mall ! {meet, Color, self()},
    chameneo(Mall, Color, 0).

chameneo(Mall, Color, Meetings) ->
    receive
        {meet, Other, From} ->
            Changed = complement(Color, Other),
            From ! {change, Changed},
            Mall ! {meet, Changed, self()},
            chameneo(Mall, Changed, Meetings + 1);
        {change, Changed} ->
            Mall ! {meet, Changed, self()},
            chameneo(Mall, Changed, Meetings + 1);
        leave ->
            exit({meetings, Meetings})
    end.

complement(Same, Same) -> Same;
complement(red, yellow) -> blue;
complement(red, blue) -> yellow;
complement(yellow, red) -> blue;
complement(yellow, blue) -> red;
complement(blue, red) -> yellow;
complement(blue, yellow) -> red.

%% Everybody pings a neighbor drawn by lot, N times one after the other.
big(#{n := N, actors := Actors}) ->
    Sink = self(),
    Workers = [watched(fun() -> worker(Id, N, Sink) end) || Id <- lists:seq(0, Actors - 1)],
    Neighbors = list_to_tuple(Workers),
    [Worker ! {neighbors, Neighbors} || Worker <- Workers],
    [Worker ! {pong, -1} || Worker <- Workers],
    ok = await_done(Actors),
    [Worker ! exit || Worker <- Workers],
    Answered = lists:sum([Count || {answered, Count} <- [end_of(Worker) || Worker <- Workers]]),
    Answered = Actors * N,
    {2 * Answered, #{}}.

await_done(0) ->
    ok;
await_done(Left) ->
    receive
        done -> await_done(Left - 1)
    end.

worker(Id, N, Sink) ->
    receive
        {neighbors, Neighbors} -> worker(Neighbors, {Id, N, Sink}, Id, -1, 0, 0)
    end.

worker(Neighbors, Fixed = {Id, N, Sink}, Random, Expected, Sent, Answered) ->
    receive
        {ping, Sender} ->
            element(Sender + 1, Neighbors) ! {pong, Id},
            worker(Neighbors, Fixed, Random, Expected, Sent, Answered + 1);
        {pong, Expected} when Sent =:= N ->
            Sink ! done,
            worker(Neighbors, Fixed, Random, Expected, Sent, Answered);
        {pong, Expected} ->
            {Target, Next} = pseudo_random:below(Random, tuple_size(Neighbors)),
            element(Target + 1, Neighbors) ! {ping, Id},
            worker(Neighbors, Fixed, Next, Target, Sent + 1, Answered);
        {pong, Other} ->
            error({unexpected, Other, Expected});
        exit ->
            exit({answered, Answered})
    end.

%% A process whose end comes back with what it counted.
watched(Run) ->
    {Pid, _Monitor} = spawn_monitor(Run),
    Pid.

%% The same, with room for a long backlog off its heap: a fifth faster, there.
backlogged(Run) ->
    {Pid, _Monitor} = spawn_opt(Run, [monitor, {message_queue_data, off_heap}]),
    Pid.

end_of(Pid) ->
    receive
        {'DOWN', _Monitor, process, Pid, Reason} -> Reason
    end.
