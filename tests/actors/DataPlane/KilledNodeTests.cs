using System.Diagnostics;
using System.Globalization;
using System.Net;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static ActorTrain.Actors.Tests.DataPlane.DataPlaneWorld;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>A node in a process of its own that is really killed.</summary>
public sealed class KilledNodeTests
{
    private const long Length = 1_500_000;
    private const int Capacity = 3;
    private static readonly Round Round = new(3, 1);
    private static readonly LaneBlock Left = new(0, 4), Right = new(4, 4);

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void What_a_node_has_published_is_read_with_the_right_bits_after_it_was_killed(DataPlaneMedium medium)
    {
        using var world = new DataPlaneWorld(Length);
        world.Transport.Open(Round);
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            ["exec", typeof(KilledNodeTests).Assembly.Location, "data-plane-node",
                world.Server.Address.Port.ToString(CultureInfo.InvariantCulture), medium.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.ReadLine().ShouldBe($"published {medium}");
        world.NextJoined().Medium.ShouldBe(medium);
        IsMapped().ShouldBe(medium is DataPlaneMedium.Shared);
        process.Kill();
        process.WaitToEnd();
        world.NextGone().Node.Name.ShouldBe("child");

        using (var lease = world.Transport.Read(Round, Left).ShouldNotBeNull())
            Bits(lease.Vector).AsSpan().SequenceEqual(Bits(Sum(Round, Left, (int)Length))).ShouldBeTrue();
        Publish(world.Transport, Round, Right).ShouldBeTrue();
        Reduce(world.Transport, Round, [Left, Right]);
        using (var total = world.Transport.Total(Round).ShouldNotBeNull())
            Bits(total.Vector).AsSpan().SequenceEqual(Bits(Sum(Round, new LaneBlock(0, Lanes), (int)Length))).ShouldBeTrue();
        world.Transport.Close(Round);

        // Nothing of it is left.
        world.Transport.Memory.Rented.ShouldBe(0);
        IsMapped().ShouldBeFalse();
        world.Log.Lines.ShouldHaveSingleItem().ShouldStartWith("The data plane of node child (incarnation 1) ended: ");
    }

    /// <summary>The child: publishes one sum, and then does nothing until it is killed.</summary>
    internal static int Run(string port, string medium)
    {
        var options = Patient with { ShareMemory = Enum.Parse<DataPlaneMedium>(medium) is DataPlaneMedium.Shared };
        var hello = new DataPlaneHello { Node = "child", Incarnation = 1, Length = Length, Layout = Layout, Capacity = Capacity };
        using var client = DataPlaneClient.Connect(
            new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture)), hello, new LogLines(), options);
        var isPublished = Publish(client.Transport, Round, Left);
        Console.WriteLine($"{(isPublished ? "published" : "refused")} {client.Medium}");
        Console.ReadLine();
        return 0;
    }

    // The child's memory: no other test has that many vectors of that length.
    private static bool IsMapped() => File.ReadLines("/proc/self/maps").Any(static line =>
        line.Split(' ')[0].Split('-') is [var from, var to]
        && Convert.ToInt64(to, 16) - Convert.ToInt64(from, 16) == SharedMemory.LengthOf(Capacity, Length * sizeof(float)));
}
