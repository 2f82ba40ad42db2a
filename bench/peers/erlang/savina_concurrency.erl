%% The concurrency benchmarks of Savina (Imam and Sarkar, AGERE 2014) as Erlang
%% processes. Each returns how many messages its rules ask for, after it has
%% checked what came out; a count that is wrong is no match and ends the run.
-module(savina_concurrency).
-export([bank_transaction/1, bounded_buffer/1, philosophers/1]).

-define(MAX_DOUBLE, 1.7976931348623157e308).
%% Half a million roundings of amounts up to 1,000 stay far below it.
-define(TOLERANCE, 1.0e-6).
-define(BANK_SEED, 123456).

%% A teller orders N transfers at once. An account that has sent money handles
%% nothing else until the receiver has confirmed: here by a selective receive.
bank_transaction(#{n := N, actors := Actors}) ->
    Balance = ?MAX_DOUBLE / (Actors * N),
    Accounts = [spawn_link(fun() -> account(Balance, 0.0) end) || _ <- lists:seq(1, Actors)],
    order(list_to_tuple(Accounts), N, ?BANK_SEED),
    ok = await_replies(N),
    [Account ! {stop, self()} || Account <- Accounts],
    Change = lists:sum([
        receive
            {stopped, Account, Changed} -> Changed
        end
     || Account <- Accounts
    ]),
    true = abs(Change) < ?TOLERANCE,
    {4 * N, #{}}.

order(_Accounts, 0, _Random) ->
    ok;
order(Accounts, Left, Random0) ->
    {Source, Random1} = pseudo_random:below(Random0, tuple_size(Accounts) div 10 * 8),
    {Distance, Random2} = pseudo_random:below(Random1, tuple_size(Accounts) - Source),
    {Fraction, Random3} = pseudo_random:fraction(Random2),
    %% Money goes to an account of a higher number only: no deadlock.
    Receiver = element(Source + max(1, Distance) + 1, Accounts),
    element(Source + 1, Accounts) ! {credit, self(), Fraction * 1000, Receiver},
    order(Accounts, Left - 1, Random3).

await_replies(0) ->
    ok;
await_replies(Left) ->
    receive
        reply -> await_replies(Left - 1)
    end.

%% Balances are so large that amounts vanish in them; so what changed is summed
%% up apart.
account(Balance, Change) ->
    receive
        {credit, Teller, Amount, Receiver} ->
            Receiver ! {debit, self(), Amount},
            receive
                reply -> Teller ! reply
            end,
            account(Balance - Amount, Change - Amount);
        {debit, From, Amount} ->
            From ! reply,
            account(Balance + Amount, Change + Amount);
        {stop, Teller} ->
            Teller ! {stopped, self(), Change}
    end.

%% Producers and consumers around a manager who bounds what waits between them.
bounded_buffer(Sizes = #{n := N, buffer := Buffer, cost := Cost}) ->
    #{producers := Producers, consumers := Consumers} = Sizes,
    Manager = self(),
    Consume = fun() -> consumer(Manager, Cost, 0.0, 0) end,
    Free = [spawn_link(Consume) || _ <- lists:seq(1, Consumers)],
    Produce = fun() -> producer(Manager, Cost, N, 0.0) end,
    [spawn_link(Produce) ! produce || _ <- lists:seq(1, Producers)],
    manager(#{
        free => queue:from_list(Free),
        consumers => Consumers,
        pending => queue:new(),
        parked => queue:new(),
        threshold => Buffer - Producers,
        producing => Producers
    }),
    [Consumer ! {leave, Manager} || Consumer <- Free],
    Consumed = lists:sum([
        receive
            {consumed, Consumer, Items} -> Items
        end
     || Consumer <- Free
    ]),
    Consumed = Producers * N,
    {4 * Consumed, #{}}.

manager(State = #{free := Free, consumers := Consumers, producing := 0}) ->
    case queue:len(Free) of
        Consumers -> ok;
        _ -> managed(State)
    end;
manager(State) ->
    managed(State).

managed(State = #{free := Free, pending := Pending, parked := Parked}) ->
    receive
        {data, Item, Producer} ->
            {FreeNow, PendingNow} = hand_over(Item, Free, Pending),
            Now = State#{free := FreeNow, pending := PendingNow},
            case queue:len(PendingNow) >= maps:get(threshold, State) of
                true ->
                    manager(Now#{parked := queue:in(Producer, Parked)});
                false ->
                    Producer ! produce,
                    manager(Now)
            end;
        {available, Consumer} ->
            case queue:out(Pending) of
                {empty, _} ->
                    manager(State#{free := queue:in(Consumer, Free)});
                {{value, Item}, PendingNow} ->
                    Consumer ! {data, Item},
                    manager(State#{pending := PendingNow, parked := wake_one(Parked)})
            end;
        finished ->
            #{producing := Producing} = State,
            manager(State#{producing := Producing - 1})
    end.

hand_over(Item, Free, Pending) ->
    case queue:out(Free) of
        {empty, _} ->
            {Free, queue:in(Item, Pending)};
        {{value, Consumer}, FreeNow} ->
            Consumer ! {data, Item},
            {FreeNow, Pending}
    end.

wake_one(Parked) ->
    case queue:out(Parked) of
        {empty, _} ->
            Parked;
        {{value, Producer}, ParkedNow} ->
            Producer ! produce,
            ParkedNow
    end.

producer(Manager, Cost, Left, Item) ->
    receive
        produce when Left =:= 0 ->
            Manager ! finished;
        produce ->
            Next = process_item(Item, Cost),
            Manager ! {data, Next, self()},
            producer(Manager, Cost, Left - 1, Next)
    end.

consumer(Manager, Cost, Item, Consumed) ->
    receive
        {data, Data} ->
            Next = process_item(Item + Data, Cost),
            Manager ! {available, self()},
            consumer(Manager, Cost, Next, Consumed + 1);
        {leave, Manager} ->
            Manager ! {consumed, self(), Consumed}
    end.

process_item(Term, Cost) -> add_logarithms(Term, Cost * 100, Cost).

add_logarithms(Term, 0, _Random) ->
    Term;
add_logarithms(Term, Left, Random) ->
    {Fraction, Next} = pseudo_random:fraction(Random),
    add_logarithms(Term + math:log(abs(Fraction) + 0.01), Left - 1, Next).

%% An arbitrator keeps the forks; who is denied asks again at once.
philosophers(#{n := N, actors := Actors}) ->
    Arbitrator = self(),
    Philosophers = [
        spawn_link(fun() -> philosopher(Id, N, Arbitrator, 0) end)
     || Id <- lists:seq(0, Actors - 1)
    ],
    [Philosopher ! start || Philosopher <- Philosophers],
    {Meals, Retries} = arbitrate(0, Actors, Actors, 0, 0),
    Meals = Actors * N,
    {4 * Meals, #{retries => Retries}}.

%% The forks are the bits of a number: a set bit is a fork in use.
arbitrate(Forks, _Seats, 0, Meals, Retries) ->
    0 = Forks,
    {Meals, Retries};
arbitrate(Forks, Seats, Present, Meals, Retries) ->
    receive
        {hungry, Philosopher, Id} ->
            Both = both_forks(Id, Seats),
            case Forks band Both of
                0 ->
                    Philosopher ! eat,
                    arbitrate(Forks bor Both, Seats, Present, Meals + 1, Retries);
                _ ->
                    Philosopher ! denied,
                    arbitrate(Forks, Seats, Present, Meals, Retries)
            end;
        {done, Id} ->
            arbitrate(Forks band bnot both_forks(Id, Seats), Seats, Present, Meals, Retries);
        {exit, Retried} ->
            arbitrate(Forks, Seats, Present - 1, Meals, Retries + Retried)
    end.

both_forks(Id, Seats) -> (1 bsl Id) bor (1 bsl ((Id + 1) rem Seats)).

philosopher(Id, Left, Arbitrator, Retries) ->
    receive
        start ->
            Arbitrator ! {hungry, self(), Id},
            philosopher(Id, Left, Arbitrator, Retries);
        denied ->
            Arbitrator ! {hungry, self(), Id},
            philosopher(Id, Left, Arbitrator, Retries + 1);
        eat ->
            Arbitrator ! {done, Id},
            case Left of
                1 ->
                    Arbitrator ! {exit, Retries};
                _ ->
                    self() ! start,
                    philosopher(Id, Left - 1, Arbitrator, Retries)
            end
    end.
