using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Metrics;

/// <summary>Where measurements are remembered, step after step: the files of the run, or what stands for them in a simulation. What was
/// opened again holds what was flushed.</summary>
public interface IMetricsFiles : IDisposable
{
    /// <summary>Opens them anew; rows of steps after a given one are abandoned.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void Open(long afterStep);

    /// <summary>Abandons the rows of steps after a given one, which are about to be taken again.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void Rewind(long afterStep, string reason);

    /// <summary>Adds a measurement, unless it is there.</summary>
    /// <exception cref="UserErrorException">The disk refused; half of it may have been written.</exception>
    void Append(Measurement measurement);

    /// <summary>Makes all of them durable against a power cut.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void Flush();
}
