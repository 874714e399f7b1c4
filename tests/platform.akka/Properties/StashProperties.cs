using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Messages that were put aside come back before all others, in the order in which they came, across failures too. An actor is
/// compared with the simplest model of it: a list of what waits.</summary>
public sealed class StashProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    [Fact]
    public async Task Stashed_messages_come_back_first_and_in_order()
    {
        foreach (var seed in Seeds.Take(50, output))
        {
            var random = new Random(seed);
            var script = Enumerable.Range(0, 300).Select(number => random.Next(12) switch
            {
                0 or 1 => new Letter(Kind.Open, number),
                2 => new Letter(Kind.Close, number),
                3 => new Letter(Kind.Fail, number),
                _ => new Letter(Kind.Work, number),
            }).Append(new Letter(Kind.Open, 300)).ToList();
            var record = new List<int>();
            var actor = Sys.ActorOf(Props.Create(() => new Door(record)));

            foreach (var letter in script)
                actor.Tell(letter);

            // The last of the script opens the door, so that nothing stays aside; a failure that was put aside may close it once more.
            do
                actor.Tell(new Letter(Kind.Open, -1));
            while (await actor.Ask<int>("aside") > 0);
            record.ShouldBe(Expected(script));
            Sys.Stop(actor);
        }
    }

    private static List<int> Expected(IEnumerable<Letter> script)
    {
        var handled = new List<int>();
        var aside = new List<Letter>();
        var waiting = new LinkedList<Letter>(script.Concat(Enumerable.Repeat(new Letter(Kind.Open, -1), 1000)));
        var open = false;
        while (waiting.First is { } first)
        {
            waiting.RemoveFirst();
            switch (first.Value.Kind)
            {
                case Kind.Open:
                    open = true;
                    ComeBack();
                    break;
                case Kind.Close:
                    open = false;
                    break;
                case Kind.Fail when open:
                    handled.Add(first.Value.Number);
                    open = false;
                    ComeBack();
                    break;
                case Kind.Work when open:
                    handled.Add(first.Value.Number);
                    break;
                default:
                    aside.Add(first.Value);
                    break;
            }
        }

        return handled;

        void ComeBack()
        {
            for (var index = aside.Count - 1; index >= 0; index--)
                waiting.AddFirst(aside[index]);
            aside.Clear();
        }
    }

    private enum Kind
    {
        Work,
        Fail,
        Open,
        Close,
    }

    private sealed record Letter(Kind Kind, int Number);

    /// <summary>Closed at first, and again after each failure: then work is put aside, and so are failures.</summary>
    private sealed class Door : ReceiveActor, IWithUnboundedStash
    {
        private int aside;

        public Door(List<int> record)
        {
            var open = false;
            Receive<Letter>(letter =>
            {
                switch (letter.Kind)
                {
                    case Kind.Open:
                        open = true;
                        aside = 0;
                        Stash.UnstashAll();
                        break;
                    case Kind.Close:
                        open = false;
                        break;
                    case Kind.Fail when open:
                        record.Add(letter.Number);
                        throw new InvalidOperationException($"fault {letter.Number}");
                    case Kind.Work when open:
                        record.Add(letter.Number);
                        break;
                    default:
                        aside++;
                        Stash.Stash();
                        break;
                }
            });
            Receive<string>(_ => Sender.Tell(aside));
        }

        public IStash Stash { get; set; } = null!;
    }
}
