#pragma once
// Names the calling thread, so that `top -H` tells the instances apart.

#include <pthread.h>

#include <string>

namespace trafficd {

inline void name_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace trafficd
