using System.Net;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Tests.DataPlane;
using Microsoft.Extensions.Time.Testing;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>However many connections are refused, the log stays short; and however many say nothing, there is room for another.</summary>
public sealed class RefusedConnectionsTests
{
    private static readonly IPEndPoint From = new(IPAddress.Loopback, 1);
    private readonly FakeTimeProvider time = new();
    private readonly LogLines log = new();

    [Fact]
    public void A_kind_is_logged_once_and_then_counted()
    {
        var refused = new RefusedConnections("control plane", log, time);
        for (var i = 0; i < 1000; i++)
            refused.Add(null, From, $"Reason {i}.");
        refused.Add("gpu-1", From, "It expired.");
        refused.Add("gpu-1", From, "It expired.");
        refused.Add("gpu-2", From, "It expired.");
        log.Lines.ShouldBe([
            "A connection to the control plane from 127.0.0.1:1 is closed: Reason 0.",
            "A connection to the control plane from 127.0.0.1:1 is closed: It expired.",
            "A connection to the control plane from 127.0.0.1:1 is closed: It expired.",
        ]);
        time.Advance(LogThrottle.Pause);
        refused.Add(null, From, "Another.");
        refused.Add("gpu-2", From, "It expired.");
        log.Lines.Skip(3).ShouldBe([
            "A connection to the control plane from 127.0.0.1:1 is closed, after 999 others: Another.",
            "A connection to the control plane from 127.0.0.1:1 is closed: It expired.",
        ]);
    }

    [Fact]
    public void There_are_not_as_many_kinds_as_names()
    {
        var refused = new RefusedConnections("data plane", log, time);
        for (var i = 0; i < 10_000; i++)
            refused.Add($"node-{i}", From, "It expired.");
        log.Lines.Count.ShouldBeLessThan(70);
    }

    [Fact]
    public void The_oldest_stranger_goes_when_another_comes_or_when_its_time_is_over()
    {
        var strangers = new Strangers<string>(2, TimeSpan.FromSeconds(5));
        var now = time.GetUtcNow();
        strangers.Add("a", now).ShouldBeNull();
        strangers.Add("b", now.AddSeconds(1)).ShouldBeNull();
        strangers.Add("c", now.AddSeconds(2)).ShouldBe("a");
        strangers.Remove("a").ShouldBeFalse();
        strangers.Overdue(now.AddSeconds(6)).ShouldBeEmpty();
        strangers.Overdue(now.AddSeconds(6.5)).ShouldBe(["b"]);
        strangers.Remove("c").ShouldBeTrue();
        strangers.All.ShouldBeEmpty();
    }
}
