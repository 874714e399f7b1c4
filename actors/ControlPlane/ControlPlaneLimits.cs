namespace ActorTrain.Actors.ControlPlane;

/// <summary>Bounds of the connections of the control plane.</summary>
public sealed record ControlPlaneLimits
{
    /// <summary>Bytes of a frame, at most: lists of positions and skips grow with the batch; vectors do not travel in messages.</summary>
    public long LongestFrame { get; init; } = 4 << 20;

    /// <summary>Connections that have not said yet who they are, at most; the oldest is closed when another comes.</summary>
    public int Strangers { get; init; } = 64;

    /// <summary>Connections at a time, at most.</summary>
    public int Links { get; init; } = 2048;

    /// <summary>Until the other side's system answers: it repeats a lost packet ever more rarely, so that another try comes through sooner
    /// when a link is back.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between connecting and the end of the handshake.</summary>
    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
