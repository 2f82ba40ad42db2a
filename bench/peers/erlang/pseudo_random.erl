%% Savina's generator: the same numbers in every language. A generator is its
%% state, an integer below 65536 once it has run.
-module(pseudo_random).
-export([next/1, below/2, fraction/1]).

next(State) -> (State * 1309 + 13849) band 65535.

%% {an integer below Bound, the next state}
below(State, Bound) ->
    Next = next(State),
    {Next rem Bound, Next}.

%% {a number in (0, 1], the next state}
fraction(State) ->
    Next = next(State),
    {1 / (Next + 1), Next}.
