using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class SelectionTests : CoreTest
{
    [Fact]
    public async Task Paths_are_followed_down_up_and_from_the_root()
    {
        var (parent, children) = await Family();
        (await Sys.ActorSelection("/user/parent/b").ResolveOne(Patience)).ShouldBe(children[1]);
        (await Sys.ActorSelection("akka://core/user/parent/b").ResolveOne(Patience)).ShouldBe(children[1]);
        (await Sys.ActorSelection(children[1].Path).ResolveOne(Patience)).ShouldBe(children[1]);
        (await children[0].Ask<IActorRef>("../b", Patience)).ShouldBe(children[1]);
        (await children[0].Ask<IActorRef>("..", Patience)).ShouldBe(parent);
    }

    [Fact]
    public async Task A_pattern_reaches_all_that_fit()
    {
        var (_, children) = await Family();
        var listener = Listen();
        Sys.ActorSelection("/user/parent/*").Tell("who", listener.Ref);
        new[] { listener.Next(), listener.Next(), listener.Next() }.ShouldBe(children.Select(c => c.Path.Name), ignoreOrder: true);
        Sys.ActorSelection("/user/p?r*t/c").Tell("who", listener.Ref);
        listener.Next().ShouldBe("c");
    }

    [Fact]
    public async Task Nobody_at_a_path_is_found()
        => await Should.ThrowAsync<ActorNotFoundException>(Sys.ActorSelection("/user/nobody").ResolveOne(Patience));

    [Fact]
    public void What_is_sent_to_a_path_without_an_actor_is_a_dead_letter()
    {
        var letters = Listen();
        Sys.EventStream.Subscribe(letters.Ref, typeof(Akka.Event.DeadLetter));
        Sys.ActorSelection("/user/nobody").Tell("lost", ActorRefs.NoSender);
        letters.Next<Akka.Event.DeadLetter>().Message.ShouldBe("lost");
    }

    [Fact]
    public void Paths_have_names_addresses_and_incarnations()
    {
        var path = ActorPath.Parse("akka://core/user/a/b#7");
        path.Name.ShouldBe("b");
        path.Uid.ShouldBe(7);
        path.Depth.ShouldBe(3);
        path.Elements.ShouldBe(["user", "a", "b"]);
        path.Address.ShouldBe(new Address("akka", "core"));
        path.Parent.ShouldBe(ActorPath.Parse("akka://core/user/a"));
        path.Root.ShouldBe(new RootActorPath(new Address("akka", "core")));
        path.ToString().ShouldBe("akka://core/user/a/b");
        path.ToStringWithoutAddress().ShouldBe("/user/a/b");
        path.ToSerializationFormat().ShouldBe("akka://core/user/a/b#7");
        path.ShouldBe(path.WithUid(8));
        (path / "c").ToStringWithoutAddress().ShouldBe("/user/a/b/c");
        ActorPath.TryParse("no path", out _).ShouldBeFalse();
        ActorPath.Parse("akka.tcp://core@host:2552/user").Address.ShouldBe(new Address("akka.tcp", "core", "host", 2552));
    }

    [Fact]
    public void References_are_equal_by_path_and_incarnation()
    {
        var actor = Act((_, _) => { }, "same");
        ((ExtendedActorSystem)Sys).Provider.ResolveActorRef(actor.Path.ToSerializationFormat()).ShouldBe(actor);
        ((ExtendedActorSystem)Sys).Provider.ResolveActorRef(actor.Path.WithUid(actor.Path.Uid + 1)).ShouldNotBe(actor);
    }

    private async Task<(IActorRef Parent, List<IActorRef> Children)> Family()
    {
        var parent = Act((message, context) => context.Sender.Tell(context.ActorOf(Acting.Props((inner, child) =>
        {
            if (inner is "who")
                child.Sender.Tell(child.Self.Path.Name);
            else
                child.ActorSelection((string)inner).ResolveOne(Patience).PipeTo(child.Sender);
        }), (string)message)), "parent");
        var children = new List<IActorRef>();
        foreach (var name in new[] { "a", "b", "c" })
            children.Add(await parent.Ask<IActorRef>(name, Patience));
        return (parent, children);
    }
}
