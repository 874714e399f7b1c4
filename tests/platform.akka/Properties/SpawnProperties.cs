using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Actors are made and ended in masses without one being lost, and a name is free for its parent once the end of its last bearer
/// has been told.</summary>
public sealed class SpawnProperties(ITestOutputHelper output) : ActorTest(
    """
    akka.loglevel = OFF
    own-thread { type = PinnedDispatcher }
    """)
{
    private const int Parents = 4;

    [Theory]
    [InlineData("akka.actor.default-dispatcher", 500)]
    [InlineData("own-thread", 50)]
    public async Task Names_are_used_again_and_every_actor_answers_and_ends(string dispatcher, int generations)
    {
        foreach (var seed in Seeds.Take(3, output))
        {
            var lives = new Lives();
            var parents = Enumerable.Range(0, Parents)
                .Select(parent => Sys.ActorOf(Props.Create(() => new Parent(seed + parent, generations, dispatcher, lives))))
                .ToArray();

            foreach (var parent in parents)
                (await parent.Ask<string>("go", TimeSpan.FromMinutes(2))).ShouldBe("all generations ended");

            lives.Started.ShouldBe(Parents * generations);
            lives.Ended.ShouldBe(Parents * generations);
            foreach (var parent in parents)
                Sys.Stop(parent);
        }
    }

    [Fact]
    public async Task Two_living_actors_never_have_one_name()
    {
        foreach (var seed in Seeds.Take(10, output))
        {
            var made = 0;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            {
                try
                {
                    Sys.ActorOf(Props.Create(() => new Child(new Lives())), $"only-{seed}");
                    Interlocked.Increment(ref made);
                }
                catch (InvalidActorNameException)
                {
                    // What is to happen to all but one.
                }
            })));

            made.ShouldBe(1);
        }
    }

    private sealed class Lives
    {
        private int started;
        private int ended;

        public int Started => Volatile.Read(ref started);

        public int Ended => Volatile.Read(ref ended);

        public void Start() => Interlocked.Increment(ref started);

        public void End() => Interlocked.Increment(ref ended);
    }

    private sealed class Parent : ReceiveActor
    {
        private IActorRef asker = ActorRefs.Nobody;
        private int generation;

        public Parent(int seed, int generations, string dispatcher, Lives lives)
        {
            Receive<string>(text => text == "go", _ =>
            {
                asker = Sender;
                Next();
            });
            Receive<string>(text => text == "alive", _ =>
            {
                switch (Seeds.Draw(3, seed, generation))
                {
                    case 0:
                        Context.Stop(Sender);
                        break;
                    case 1:
                        Sender.Tell(PoisonPill.Instance);
                        break;
                    default:
                        Sender.Tell(Kill.Instance);
                        break;
                }
            });
            Receive<Terminated>(_ =>
            {
                if (++generation == generations)
                    asker.Tell("all generations ended");
                else
                    Next();
            });

            void Next()
            {
                var child = Context.ActorOf(Props.Create(() => new Child(lives)).WithDispatcher(dispatcher), "heir");
                Context.Watch(child);
                child.Tell("are you there?");
            }
        }
    }

    private sealed class Child : ReceiveActor
    {
        private readonly Lives lives;

        public Child(Lives lives)
        {
            this.lives = lives;
            Receive<string>(_ => Sender.Tell("alive"));
        }

        protected override void PreStart() => lives.Start();

        protected override void PostStop() => lives.End();
    }
}
